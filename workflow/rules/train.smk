localrules:
    fetch_weights,


rule fetch_weights:
    output:
        "resources/weights/{file}",
    log:
        "logs/fetch_weights/{file}.log",
    wildcard_constraints:
        file="|".join(re.escape(Path(path).name) for path in config["private_urls"] if "/weights/" in path),
    resources:
        mem_mb=grow(1000),
        runtime=grow(60),
    params:
        urls=weights_urls,
        sha256=weights_digest,
        images=None,
        part="resources/weights/{file}.part",
    script:
        "../scripts/download_file.py"


rule train:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        training="results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
        duplicates="results/{collection}/duplicates.csv",
        store=packed_store,
        weights=first_weights,
        winner=winner_file,
    output:
        model=f"{MODEL}/model.safetensors",
        card=f"{MODEL}/model.json",
        history=f"{MODEL}/history.csv",
    log:
        "logs/train/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}.log",
    benchmark:
        f"{MODEL}/benchmark.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=grow(8000),
        runtime=grow(240),
    params:
        classes=config["classes"],
        protocol=recipe,
        loss=loss,
        stage=setting("protocols/{protocol}/stages/{backbone}/{stage}"),
        backbone=backbone_settings,
        drawn=drawn,
        precision=config["precision"],
        resume=f"{MODEL}/resume.pt",
        code=code_of("train", gate="splits.audit"),
    script:
        "../scripts/train.py"
