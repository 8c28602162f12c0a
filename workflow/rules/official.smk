checkpoint choose_official:
    input:
        f"{TABLES}/table_4_1.csv",
    output:
        f"{COLLECTION}/official/model.json",
    log:
        "logs/choose_official/{collection}.log",
    localrule: True
    params:
        code=code_of("choose_official"),
    script:
        "../scripts/choose_official.py"


rule extract_features:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=f"{DATASET}/training.csv",
        store=packed_store,
        tables=packed(".csv", of=["other"]),
        pixels=packed(".npy", of=["other"]),
        model=f"{MODEL}/model.safetensors",
        card=f"{MODEL}/model.json",
    output:
        f"{MODEL}/external/{{other}}.npz",
    log:
        "logs/extract_features/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}/{other}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(60),
    params:
        backbone=backbone_settings,
        precision=config["precision"],
        code=code_of("extract_features"),
    script:
        "../scripts/extract_features.py"


# Without the labels of the official test: no threshold can depend on them.
rule write_submission:
    input:
        of_chosen(f"{MODEL}/external/{OFFICIAL}.npz"),
    output:
        submission=f"{COLLECTION}/official/submission.csv",
        without=f"{COLLECTION}/official/submission_without_unknown.csv",
        scores=f"{COLLECTION}/official/unknown.csv",
        about=f"{COLLECTION}/official/unknown.json",
    log:
        "logs/write_submission/{collection}.log",
    resources:
        mem_mb=per_attempt(4000),
    params:
        classes=config["classes"],
        unknown=UNKNOWN,
        settings=config["official"]["unknown"],
        code=code_of("write_submission"),
    script:
        "../scripts/write_submission.py"


rule score_official:
    input:
        choice=f"{COLLECTION}/official/model.json",
        manifest=f"{COLLECTION}/manifest.csv",
        split=of_chosen(f"{SPLIT}/split.csv"),
        duplicates=f"{COLLECTION}/external/{OFFICIAL}/duplicates.csv",
        labels=config["collections"][OFFICIAL]["labels"],
        submission=f"{COLLECTION}/official/submission.csv",
        without=f"{COLLECTION}/official/submission_without_unknown.csv",
        scores=f"{COLLECTION}/official/unknown.csv",
        about=f"{COLLECTION}/official/unknown.json",
    output:
        f"{COLLECTION}/official/official_score.json",
    log:
        "logs/score_official/{collection}.log",
    resources:
        mem_mb=per_attempt(2000),
    params:
        official=OFFICIAL,
        classes=config["classes"],
        code=code_of("score_official"),
    script:
        "../scripts/score_official.py"


rule official:
    input:
        expand(f"{COLLECTION}/official/official_score.json", collection=config["collection"]),
