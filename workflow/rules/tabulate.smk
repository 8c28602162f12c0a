rule count_classes:
    input:
        manifest="results/{collection}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        training=expand(f"{SPLIT}/{{dataset}}/training.csv", dataset=config["run"]["datasets"], allow_missing=True),
    output:
        f"{SPLIT}/class_counts.csv",
    log:
        "logs/count_classes/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        datasets=config["run"]["datasets"],
        code=code_of("count_classes"),
    script:
        "../scripts/count_classes.py"


rule tabulate_results:
    input:
        cards=model_files("model.json"),
        metrics=model_files("metrics.json"),
        counts=expand(
            f"{SPLIT}/class_counts.csv",
            protocol=config["run"]["protocols"],
            seed=config["seeds"],
            allow_missing=True,
        ),
    output:
        csv="results/{collection}/tables/table_4_1.csv",
        md="results/{collection}/tables/table_4_1.md",
        html=report(
            "results/{collection}/tables/table_4_1.html",
            caption="../report/table_4_1.rst",
            category="Results",
            labels={"table": "4.1"},
        ),
        matrix_csv="results/{collection}/tables/table_3_1.csv",
        matrix_md="results/{collection}/tables/table_3_1.md",
        matrix_html=report(
            "results/{collection}/tables/table_3_1.html",
            caption="../report/table_3_1.rst",
            category="Results",
            labels={"table": "3.1"},
        ),
        counts=report(
            "results/{collection}/tables/class_counts.csv",
            caption="../report/classes.rst",
            category="Images",
            labels={"table": "images per class"},
        ),
    log:
        "logs/tabulate_results/{collection}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
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


# As in thesis.csv.
PER_CLASS, GLOBAL = (f"tables/{{backbone}}/stage{{stage}}_{kind}" for kind in ("per_class", "global"))


rule tabulate_run:
    input:
        cards=backbone_files("model.json"),
        metrics=backbone_files("metrics.json"),
    output:
        texts=expand(
            "results/{{collection}}/tables/{{backbone}}/stage{stage}_{kind}.{ending}",
            kind=["per_class", "global"],
            stage=[1, 2, 3],
            ending=["csv", "md"],
        ),
        html=[
            *stage_results(
                PER_CLASS, ".html", "metrics per class", caption="../report/per_class.rst", category="Results"
            ),
            *stage_results(GLOBAL, ".html", "global metrics", caption="../report/global.rst", category="Results"),
        ],
    log:
        "logs/tabulate_run/{collection}/{backbone}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        leaky=LEAKY_PROTOCOLS,
        published_as=setting("backbones/{backbone}/published_as", default=None),
        per_class=thesis_numbers(PER_CLASS),
        whole=thesis_numbers(GLOBAL),
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
        csv="results/{collection}/tables/costs.csv",
        md="results/{collection}/tables/costs.md",
        html=report(
            "results/{collection}/tables/costs.html",
            caption="../report/costs.rst",
            category="Results",
            labels={"table": "costs"},
        ),
    log:
        "logs/tabulate_costs/{collection}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        code=code_of("tabulate_costs"),
    script:
        "../scripts/tabulate_costs.py"
