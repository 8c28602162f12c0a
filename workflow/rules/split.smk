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
