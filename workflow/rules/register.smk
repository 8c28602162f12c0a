rule fetch_public_split:
    output:
        "resources/register/{name}.csv",
    log:
        "logs/fetch_public_split/{name}.log",
    localrule: True  # as in download
    params:
        entry=register_entry,
        server=config["register"]["server"],
        files="resources/register/files",
        code=code_of("fetch_public_split"),
    script:
        "../scripts/fetch_public_split.py"


rule audit_public_splits:
    input:
        lists=register_lists,
        labels=config["collections"]["isic2019"]["labels"],
        metadata=config["collections"]["isic2019"]["metadata"],
        isic2020=config["register"].get("isic2020", []),
    output:
        audits=multiext("results/register/audits", ".csv", ".md", ".html"),
        classes="results/register/classes.csv",
        figure=report("results/register/figure.svg", caption="../report/register.rst", category="Register"),
    log:
        "logs/audit_public_splits.log",
    resources:
        mem_mb=per_attempt(2000),
    params:
        files=register_files,
        code=code_of("audit_public_splits"),
    script:
        "../scripts/audit_public_splits.py"


rule audit_register:
    input:
        rules.audit_public_splits.output,
