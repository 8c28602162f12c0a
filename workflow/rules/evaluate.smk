rule predict_parts:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        pixels=packed("npy"),
        model=f"{MODEL}/model.safetensors",
        card=f"{MODEL}/model.json",
    output:
        valid=f"{MODEL}/valid.csv",
        test=f"{MODEL}/test.csv",
    log:
        "logs/predict_parts/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=30,
    params:
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
