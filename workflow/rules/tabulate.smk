rule count_classes:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=expand(f"{DATASET}/training.csv", dataset=config["run"]["datasets"], allow_missing=True),
    output:
        f"{SPLIT}/class_counts.csv",
    log:
        "logs/count_classes/{collection}/{protocol}/seed{seed}.log",
    params:
        classes=config["classes"],
        datasets=config["run"]["datasets"],
        code=code_of("count_classes"),
    script:
        "../scripts/count_classes.py"


rule tabulate_metrics:
    output:
        table("table_3_1", "Results", "3.1"),
    log:
        "logs/tabulate_metrics/{collection}.log",
    group:
        "report"
    params:
        code=code_of("tabulate_metrics"),
    script:
        "../scripts/tabulate_metrics.py"


rule tabulate_results:
    input:
        cards=results_files("model.json"),
        metrics=results_files("metrics.json"),
        counts=of_run(f"{SPLIT}/class_counts.csv"),
    output:
        table=table("table_4_1", "Results", "4.1"),
        counts=f"{TABLES}/class_counts.csv",
    log:
        "logs/tabulate_results/{collection}.log",
    group:
        "report"
    params:
        leaky=LEAKY_PROTOCOLS,
        pretrained_on=pretrained_on,
        published_as={
            name: config["backbones"][name]["published_as"]
            for name in config["run"]["backbones"]
            if "published_as" in config["backbones"][name]
        },
        code=code_of("tabulate_results"),
    script:
        "../scripts/tabulate_results.py"


rule tabulate_run:
    input:
        cards=results_files("model.json"),
        metrics=results_files("metrics.json"),
    output:
        per_class=table("{backbone}/stage{stage}_per_class", "Results", "metrics per class", "per_class"),
        whole=table("{backbone}/stage{stage}_global", "Results", "global metrics", "global"),
    log:
        "logs/tabulate_run/{collection}/{backbone}/stage{stage}.log",
    group:
        "plot_models"
    params:
        classes=config["classes"],
        leaky=LEAKY_PROTOCOLS,
        published_as=setting("backbones/{backbone}/published_as", default=None),
        per_class=thesis_number("tables/{backbone}/stage{stage}_per_class"),
        whole=thesis_number("tables/{backbone}/stage{stage}_global"),
        code=code_of("tabulate_run"),
    script:
        "../scripts/tabulate_run.py"


rule tabulate_costs:
    input:
        packing=packed("_benchmark.tsv"),
        packed=packed(".csv"),
        training=model_files("benchmark.tsv"),
        cards=model_files("model.json"),
    output:
        table("costs", "Results", "costs"),
    log:
        "logs/tabulate_costs/{collection}.log",
    group:
        "report"
    params:
        code=code_of("tabulate_costs"),
    script:
        "../scripts/tabulate_costs.py"
