rule split_images:
    input:
        "results/{collection}/manifest.csv",
    output:
        "results/{collection}/{protocol}/seed{seed}/split.csv",
    log:
        "logs/split_images/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        split=lookup(within=config, dpath="protocols/{protocol}/split"),
        code=source_digest("splits"),
    script:
        "../scripts/split_images.py"
