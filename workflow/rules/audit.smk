rule audit_leakage:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
        split=f"{SPLIT}/split.csv",
        training=training_lists,
    output:
        f"{SPLIT}/leakage.json",
    log:
        "logs/audit_leakage/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=per_attempt(4000),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("audit_leakage"),
    script:
        "../scripts/audit_leakage.py"


use rule pack_images as pack_foreign_images with:
    input:
        images=config["audit"].get("images", []),
    output:
        pixels=temp(f"{PACKED_FOREIGN}.npy"),
        table=temp(f"{PACKED_FOREIGN}.csv"),
        benchmark=temp(f"{PACKED_FOREIGN}_benchmark.tsv"),
    log:
        "logs/pack_foreign_images/{name}/{size}.log",
    cache: False  # images of patients, perhaps
    params:
        images=config["audit"].get("images"),
        shards=1,
        shard="0",
        resize="",
        files=foreign_images,


use rule find_duplicates as find_foreign_duplicates with:
    input:
        tables=[foreign_packed(".csv")],
        pixels=[foreign_packed(".npy")],
    output:
        "results/audit/{name}/duplicates.csv",
    log:
        "logs/find_foreign_duplicates/{name}.log",
    params:
        files=foreign_images,  # the packed ones are removed


rule audit_foreign_split:
    input:
        split=config["audit"].get("split", []),
        labels=config["audit"].get("labels", []),
        metadata=config["audit"].get("metadata", []),
        duplicates=foreign_duplicates,
    output:
        leakage="results/audit/{name}/leakage.json",
        text="results/audit/{name}/leakage.md",
        table="results/audit/{name}/leakage.csv",
        figure=report(
            "results/audit/{name}/leakage.svg",
            caption="../report/leakage.rst",
            category="Leakage",
            labels={"split": "{name}"},
        ),
    log:
        "logs/audit_foreign_split/{name}.log",
    resources:
        mem_mb=per_attempt(4000),
    params:
        audit=config["audit"],
        files=foreign_files,
        classes=config["classes"],
        code=code_of("audit_foreign_split"),
    script:
        "../scripts/audit_foreign_split.py"


rule check_foreign_split:
    input:
        "results/audit/{name}/leakage.json",
    output:
        "results/audit/{name}/no_leak.txt",
    log:
        "logs/check_foreign_split/{name}.log",
    localrule: True
    params:
        code=code_of("check_foreign_split"),
    script:
        "../scripts/check_foreign_split.py"


rule audit_split:
    input:
        expand(
            "results/audit/{name}/{file}",
            name=config["audit"].get("name", "NAME"),
            file=["leakage.json", *(["no_leak.txt"] if config["fail"] else [])],
        ),
