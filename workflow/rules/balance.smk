rule balance:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        store=packed_store,
    output:
        f"{DATASET}/training.csv",
    log:
        "logs/balance/{collection}/{protocol}/seed{seed}/{dataset}.log",
    threads: 2
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        dataset=balancing,
        undersample=setting("protocols/{protocol}/undersample"),
        same_real_images=setting("protocols/{protocol}/same_real_images"),
        code=code_of("balance"),
    script:
        "../scripts/balance.py"
