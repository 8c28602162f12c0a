rule balance:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        pixels=packed(".npy"),
    output:
        "results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
    log:
        "logs/balance/{collection}/{protocol}/seed{seed}/{dataset}.log",
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        dataset=lookup(within=config, dpath="datasets/{dataset}"),
        undersample=lookup(within=config, dpath="protocols/{protocol}/undersample"),
        same_real_images=lookup(within=config, dpath="protocols/{protocol}/same_real_images"),
        code=source_digest("smote"),
    script:
        "../scripts/balance.py"
