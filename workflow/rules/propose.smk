# No inputs, which Snakemake would want to make, and no output, which it would delete before the script can refuse to.
rule propose:
    log:
        "logs/propose.log",
    localrule: True
    resources:
        mem_mb=per_attempt(4000),
    params:
        images=config.get("images"),
        labels=config.get("labels"),
        metadata=config.get("metadata"),
        collections=list(config["collections"]),
        protocol=config["protocols"]["corrected"],
        architecture=config["backbones"]["efficientnet_lite0"]["architecture"],
        snakefile=str(workflow.main_snakefile),
        code=code_of("propose"),
    script:
        "../scripts/propose.py"
