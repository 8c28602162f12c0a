rule search_hyperparameters:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=f"{DATASET}/training.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
        store=packed_store,
        weights=pretrained_weights,
    output:
        trials=f"{SEARCH}/trials.csv",
        winner=f"{SEARCH}/winner.json",
    log:
        "logs/search_hyperparameters/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(60),
    params:
        classes=config["classes"],
        optimizers=config["search"]["optimizers"],
        learning_rates=config["search"]["learning_rates"],
        epochs=config["search"]["epochs"],
        batch_size=setting("protocols/{protocol}/batch_size"),
        loss=loss,
        backbone=backbone_settings,
        precision=config["precision"],
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("search_hyperparameters", gate="splits.audit"),
    script:
        "../scripts/search_hyperparameters.py"


rule tabulate_search:
    input:
        winners=searches(f"{SEARCH}/winner.json"),
        trials=searches(f"{SEARCH}/trials.csv"),
    output:
        table("search", "Search", "search"),
    log:
        "logs/tabulate_search/{collection}.log",
    group:
        "report"
    params:
        leaky=LEAKY_PROTOCOLS,
        pretrained_on=pretrained_on,
        code=code_of("tabulate_search"),
    script:
        "../scripts/tabulate_search.py"


rule plot_search:
    input:
        winner=f"{SEARCH}/winner.json",
        trials=f"{SEARCH}/trials.csv",
    output:
        figure("search", SEARCH_FIGURE, "Search", "search", needs="search"),
    log:
        "logs/plot_search/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    group:
        "plot_models"
    params:
        number=thesis_number(SEARCH_FIGURE),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_search"),
    script:
        "../scripts/plot_search.py"


rule search:
    input:
        of_run(
            [f"{TABLES}/search.csv", f"{COLLECTION}/{SEARCH_FIGURE}.svg"],
            collection=config["collection"],
            dataset=config["run"]["datasets"][0],
        ),
