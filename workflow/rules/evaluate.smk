rule predict_parts:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        pixels=packed(".npy"),
        models=expand(f"{MODEL}/model.safetensors", stage=[1, 2, 3], allow_missing=True),
    output:
        valid=expand(f"{MODEL}/valid.csv", stage=[1, 2, 3], allow_missing=True),
        test=expand(f"{MODEL}/test.csv", stage=[1, 2, 3], allow_missing=True),
    log:
        "logs/predict_parts/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=30,
    params:
        classes=config["classes"],
        backbone=backbone_settings,
        precision=config["precision"],
        code=source_digest("engine"),
    script:
        "../scripts/predict_parts.py"


rule score:
    input:
        manifest="results/{collection}/manifest.csv",
        leakage="results/{collection}/{protocol}/seed{seed}/leakage.json",
        card=f"{MODEL}/model.json",
        valid=f"{MODEL}/valid.csv",
        test=f"{MODEL}/test.csv",
    output:
        f"{MODEL}/metrics.json",
    log:
        "logs/score/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=source_digest("metrics"),
    script:
        "../scripts/score.py"
