rule write_folders:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=f"{DATASET}/training.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
        pixels=packed(".npy"),
    output:
        directory(f"{DATASET}/folders"),
    log:
        "logs/write_folders/{collection}/{protocol}/seed{seed}/{dataset}.log",
    threads: 2
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
    params:
        classes=config["classes"],
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("write_folders", gate="splits.audit"),
    script:
        "../scripts/write_folders.py"


rule export_folders:
    input:
        of_run(f"{DATASET}/folders", collection=config["collection"]),


rule write_onnx:
    input:
        table=f"{TABLES}/table_4_1.csv",
        manifest=f"{COLLECTION}/manifest.csv",
        pixels=packed(".npy"),
        models=model_files("model.safetensors"),
        cards=model_files("model.json"),
        tests=model_files("test.csv"),
    output:
        model=f"{COLLECTION}/best_model.onnx",
        card=f"{COLLECTION}/best_model.json",
    log:
        "logs/write_onnx/{collection}.log",
    threads: 2
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(30),
    params:
        code=code_of("write_onnx"),
    script:
        "../scripts/write_onnx.py"


rule export_onnx:
    input:
        expand(f"{COLLECTION}/best_model.onnx", collection=config["collection"]),
