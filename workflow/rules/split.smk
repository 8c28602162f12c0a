rule split_images:
    input:
        f"{COLLECTION}/manifest.csv",
    output:
        f"{SPLIT}/split.csv",
    log:
        "logs/split_images/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=per_attempt(4000),
    params:
        split=setting("protocols/{protocol}/split"),
        code=code_of("split_images"),
    script:
        "../scripts/split_images.py"


rule publish_splits:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        splits=of_run(f"{SPLIT}/split.csv"),
    output:
        f"{COLLECTION}/splits.csv",
    log:
        "logs/publish_splits/{collection}.log",
    group:
        "report"
    params:
        columns=of_run("{protocol}_seed{seed}"),
        code=code_of("publish_splits"),
    script:
        "../scripts/publish_splits.py"
