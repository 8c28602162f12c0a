rule compare_models:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        study_size=f"{TABLES}/study_size.csv",
        records=model_files("model.json"),
        tests=model_files("test.csv"),
    output:
        table("comparisons", "Comparisons", "comparisons"),
    log:
        "logs/compare_models/{collection}.log",
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(30),
    params:
        classes=config["classes"],
        folds=FOLDS,
        contrasts=contrasts(config),
        metric=config["comparisons"]["metric"],
        margin=config["comparisons"]["margin"],
        code=code_of("compare_models"),
    script:
        "../scripts/compare_models.py"


rule plot_comparisons:
    input:
        f"{TABLES}/comparisons.csv",
    output:
        figure("comparisons", "figures/comparisons", "Comparisons", "comparisons"),
    log:
        "logs/plot_comparisons/{collection}.log",
    group:
        "report"
    params:
        margin=config["comparisons"]["margin"],
        code=code_of("plot_comparisons"),
    script:
        "../scripts/plot_comparisons.py"


rule tabulate_study_size:
    input:
        images=labelling_images,
        labels=collection_file("labels"),
        metadata=collection_file("metadata"),
    output:
        table("study_size", "Comparisons", "size of the study"),
    log:
        "logs/tabulate_study_size/{collection}.log",
    params:
        classes=config["classes"],
        ignore_classes=setting("collections/{collection}/ignore_classes"),
        layout=table_layout,
        files=labelling_images_state,
        labels=table_digest("labels"),
        metadata=table_digest("metadata"),
        group_by=setting("collections/{collection}/group_by"),
        test=TEST_IMAGES,
        margin=config["comparisons"]["margin"],
        code=code_of("tabulate_study_size"),
    script:
        "../scripts/tabulate_study_size.py"


rule plot_study_size:
    input:
        f"{TABLES}/study_size.csv",
    output:
        figure("study_size", "figures/study_size", "Comparisons", "size of the study"),
    log:
        "logs/plot_study_size/{collection}.log",
    group:
        "report"
    params:
        collection="{collection}",
        margin=config["comparisons"]["margin"],
        code=code_of("plot_study_size"),
    script:
        "../scripts/plot_study_size.py"


rule plan_study:
    input:
        expand(
            [f"{TABLES}/study_size.csv", f"{COLLECTION}/figures/study_size.svg"],
            collection=config["collection"],
        ),
