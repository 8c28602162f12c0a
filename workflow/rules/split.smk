LEAKY_PROTOCOLS = [name for name in config["run"]["protocols"] if config["protocols"][name]["leaky"]]


rule split_images:
    input:
        "results/{collection}/manifest.csv",
    output:
        "results/{collection}/{protocol}/seed{seed}/split.csv",
    log:
        "logs/split_images/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        split=setting("protocols/{protocol}/split"),
        code=code_of("split_images"),
    script:
        "../scripts/split_images.py"


rule audit_leakage:
    input:
        manifest="results/{collection}/manifest.csv",
        duplicates="results/{collection}/duplicates.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        training=expand(
            "results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
            dataset=config["run"]["datasets"],
            allow_missing=True,
        ),
    output:
        "results/{collection}/{protocol}/seed{seed}/leakage.json",
    log:
        "logs/audit_leakage/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("audit_leakage"),
    script:
        "../scripts/audit_leakage.py"


rule audit_foreign_split:
    input:
        split=config["audit"].get("split", []),
        labels=config["audit"].get("labels", []),
        metadata=config["audit"].get("metadata", []),
    output:
        leakage="results/audit/{name}/leakage.json",
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
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        audit=config["audit"],
        files=foreign_files,
        classes=config["classes"],
        code=code_of("audit_foreign_split"),
    script:
        "../scripts/audit_foreign_split.py"


rule audit_split:
    input:
        expand("results/audit/{name}/leakage.json", name=config["audit"].get("name", "NAME")),
