rule predict_parts:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
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
        mem_mb=grow(8000),
        runtime=grow(30),
    params:
        classes=config["classes"],
        backbone=backbone_settings,
        precision=config["precision"],
        code=code_of("predict_parts"),
    script:
        "../scripts/predict_parts.py"


rule score:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        training="results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
        leakage="results/{collection}/{protocol}/seed{seed}/leakage.json",
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
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        split=setting("protocols/{protocol}/split"),
        licence=setting("collections/{collection}/licence"),
        class_names=config["class_names"],
        code=code_of("score"),
    script:
        "../scripts/score.py"
