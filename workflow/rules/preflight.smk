# Outside of the image, which may be missing. No inputs: Snakemake would fetch them.
rule preflight:
    log:
        "logs/preflight.log",
    localrule: True
    container:
        None
    run:
        check_ready(log[0])
