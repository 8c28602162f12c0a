rule balance:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        store=packed_store,
    output:
        "results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
    log:
        "logs/balance/{collection}/{protocol}/seed{seed}/{dataset}.log",
    threads: 2
    resources:
        mem_mb=grow(4000),
        runtime=grow(60),
    params:
        dataset=setting("datasets/{dataset}"),
        undersample=setting("protocols/{protocol}/undersample"),
        same_real_images=setting("protocols/{protocol}/same_real_images"),
        code=source_digest("smote"),
    script:
        "../scripts/balance.py"
