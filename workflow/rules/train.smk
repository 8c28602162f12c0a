rule train:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=f"{DATASET}/training.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
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
        mem_mb=per_attempt(8000),
        runtime=per_attempt(240),
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


rule share_training:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=f"{DATASET}/training.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
        trained_split=trained_rung(f"{SPLIT}/split.csv"),
        trained_list=trained_rung(f"{DATASET}/training.csv"),
        models=trained_rung(f"{MODEL}/model.safetensors"),
        histories=trained_rung(f"{MODEL}/history.csv"),
        cards=trained_rung(f"{MODEL}/model.json"),
    output:
        models=stages("model.safetensors"),
        histories=stages("history.csv"),
        cards=stages("model.json"),
    log:
        "logs/share_training/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    wildcard_constraints:
        protocol="|".join(TRAINED_RUNGS[1:]) or "(?!)",
    params:
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("share_training", gate="splits.audit"),
    script:
        "../scripts/share_training.py"


ruleorder: share_training > train
