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
        mem_mb=per_attempt(4000),
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
