rule predict_parts:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        store=packed_store,
        models=stages("model.safetensors"),
    output:
        valid=stages("valid.csv"),
        test=stages("test.csv"),
    log:
        "logs/predict_parts/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(30),
    params:
        classes=config["classes"],
        backbone=backbone_settings,
        precision=config["precision"],
        code=code_of("predict_parts"),
    script:
        "../scripts/predict_parts.py"


rule score:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=f"{DATASET}/training.csv",
        leakage=f"{SPLIT}/leakage.json",
        models=stages("model.safetensors"),
        cards=stages("model.json"),
        valid=stages("valid.csv"),
        test=stages("test.csv"),
    output:
        metrics=stages("metrics.json"),
        json=stages("card.json"),
        md=stages("card.md"),
    log:
        "logs/score/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    params:
        classes=config["classes"],
        split=setting("protocols/{protocol}/split"),
        licence=setting("collections/{collection}/licence"),
        class_names=config["class_names"],
        code=code_of("score"),
    script:
        "../scripts/score.py"


rule pool_folds:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        tests=expand(f"{MODEL}/test.csv", seed=config["seeds"], allow_missing=True),
        metrics=expand(f"{MODEL}/metrics.json", seed=config["seeds"], allow_missing=True),
    output:
        test=f"{POOLED}/test.csv",
        metrics=f"{POOLED}/metrics.json",
    log:
        "logs/pool_folds/{collection}/{protocol}/{dataset}/{backbone}/stage{stage}.log",
    group:
        "report"
    params:
        classes=config["classes"],
        seeds=config["seeds"],
        code=code_of("pool_folds"),
    script:
        "../scripts/pool_folds.py"
