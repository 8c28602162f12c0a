use rule find_duplicates as find_external_duplicates with:
    input:
        tables=packed(".csv", of=["collection", "other"]),
        pixels=packed(".npy", of=["collection", "other"]),
    output:
        f"{COLLECTION}/external/{{other}}/duplicates.csv",
    log:
        "logs/find_external_duplicates/{collection}/{other}.log",


rule predict_external:
    input:
        manifest="results/{other}/manifest.csv",
        pixels=packed(".npy", of=["other"]),
        model=f"{MODEL}/model.safetensors",
        card=f"{MODEL}/model.json",
    output:
        f"{MODEL}/external/{{other}}.csv",
    log:
        "logs/predict_external/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}/{other}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(60),
    params:
        backbone=backbone_settings,
        precision=config["precision"],
        code=code_of("predict_external"),
    script:
        "../scripts/predict_external.py"


rule evaluate_external:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        external="results/{other}/manifest.csv",
        duplicates=f"{COLLECTION}/external/{{other}}/duplicates.csv",
        split=f"{SPLIT}/split.csv",
        card=f"{MODEL}/model.json",
        test=f"{MODEL}/external/{{other}}.csv",
        clean=f"{MODEL}/clean.csv",
    output:
        f"{MODEL}/external/{{other}}.json",
    log:
        "logs/evaluate_external/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}/{other}.log",
    resources:
        mem_mb=per_attempt(2000),
    params:
        code=code_of("evaluate_external"),
    script:
        "../scripts/evaluate_external.py"
