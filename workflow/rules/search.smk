OF_SEARCH = "figures/{protocol}/seed{seed}/{backbone}/search_{dataset}"  # as in thesis.csv
SEARCH_FIGURE = f"results/{{collection}}/{OF_SEARCH}.svg"


rule search_hyperparameters:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        training="results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
        duplicates="results/{collection}/duplicates.csv",
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
        mem_mb=grow(8000),
        runtime=grow(60),
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
        csv="results/{collection}/tables/search.csv",
        md="results/{collection}/tables/search.md",
        html=report(
            "results/{collection}/tables/search.html",
            caption="../report/search.rst",
            category="Training",
            labels={"table": "search"},
        ),
    log:
        "logs/tabulate_search/{collection}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        leaky=LEAKY_PROTOCOLS,
        pretrained_on=pretrained_on,
        code=code_of("tabulate_search"),
    script:
        "../scripts/tabulate_search.py"


rule draw_search:
    input:
        winner=f"{SEARCH}/winner.json",
        trials=f"{SEARCH}/trials.csv",
    output:
        report(
            SEARCH_FIGURE,
            caption="../report/search.rst",
            category="Training",
            subcategory="{protocol}, seed {seed}",
            labels=thesis_labels(OF_SEARCH, "search"),
        ),
    log:
        "logs/draw_search/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        number=thesis_number(OF_SEARCH),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_search"),
    script:
        "../scripts/draw_search.py"


rule search:
    input:
        expand(
            ["results/{collection}/tables/search.csv", SEARCH_FIGURE],
            collection=config["collection"],
            protocol=config["run"]["protocols"],
            seed=config["seeds"],
            dataset=config["run"]["datasets"][0],
            backbone=config["run"]["backbones"],
        ),
