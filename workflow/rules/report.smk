SPLIT = "results/{collection}/{protocol}/seed{seed}"
FIGURES = "results/{collection}/figures/{protocol}/seed{seed}"


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
        mem_mb=1000,
        runtime=10,
    params:
        classes=config["classes"],
        datasets=config["run"]["datasets"],
        code=source_digest("counts"),
    script:
        "../scripts/count_classes.py"


rule draw_classes:
    input:
        f"{SPLIT}/class_counts.csv",
    output:
        report(
            f"{FIGURES}/classes.svg",
            caption="../report/classes.rst",
            category="Images",
            labels={"protocol": "{protocol}", "seed": "{seed}", "figure": "images a class"},
        ),
    log:
        "logs/draw_classes/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        leaky=lookup(within=config, dpath="protocols/{protocol}/leaky"),
        code=source_digest("figures"),
    script:
        "../scripts/draw_classes.py"


rule draw_curves:
    input:
        cards=dataset_files("model.json"),
        histories=dataset_files("history.csv"),
    output:
        report(
            f"{FIGURES}/{{backbone}}/stage{{stage}}_curves.svg",
            caption="../report/curves.rst",
            category="Training",
            subcategory="{protocol}, seed {seed}",
            labels={"backbone": "{backbone}", "stage": "{stage}", "figure": "accuracy and loss"},
        ),
    log:
        "logs/draw_curves/{collection}/{protocol}/seed{seed}/{backbone}/stage{stage}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        leaky=lookup(within=config, dpath="protocols/{protocol}/leaky"),
        code=source_digest("figures"),
    script:
        "../scripts/draw_curves.py"


rule draw_confusion:
    input:
        cards=dataset_files("model.json"),
        metrics=dataset_files("metrics.json"),
    output:
        report(
            f"{FIGURES}/{{backbone}}/stage{{stage}}_confusion.svg",
            caption="../report/confusion.rst",
            category="Test",
            subcategory="{protocol}, seed {seed}",
            labels={"backbone": "{backbone}", "stage": "{stage}", "figure": "confusion matrices"},
        ),
    log:
        "logs/draw_confusion/{collection}/{protocol}/seed{seed}/{backbone}/stage{stage}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        leaky=lookup(within=config, dpath="protocols/{protocol}/leaky"),
        code=source_digest("figures"),
    script:
        "../scripts/draw_confusion.py"


rule tabulate_results:
    input:
        cards=model_files("model.json"),
        metrics=model_files("metrics.json"),
        published=f"{workflow.basedir}/workflow/resources/published.yaml",
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
        counts=report(
            "results/{collection}/tables/class_counts.csv",
            caption="../report/classes.rst",
            category="Images",
            labels={"table": "images a class"},
        ),
    log:
        "logs/tabulate_results/{collection}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        leaky=[name for name, protocol in config["protocols"].items() if protocol["leaky"]],
        published_as={
            name: backbone["published_as"]
            for name, backbone in config["backbones"].items()
            if "published_as" in backbone
        },
        code=source_digest("tables"),
        published_code=source_digest("published"),
    script:
        "../scripts/tabulate_results.py"


rule write_report:
    input:
        template=f"{workflow.basedir}/workflow/report/page.html.j2",
        table="results/{collection}/tables/table_4_1.csv",
        counts="results/{collection}/tables/class_counts.csv",
        rejected="results/{collection}/rejected.csv",
        cards=model_files("model.json"),
        figures=expand(
            [f"{FIGURES}/classes.svg", f"{FIGURES}/{{backbone}}/stage{{stage}}_{{kind}}.svg"],
            protocol=config["run"]["protocols"],
            seed=config["seeds"],
            backbone=config["run"]["backbones"],
            stage=[1, 2, 3],
            kind=["curves", "confusion"],
            allow_missing=True,
        ),
    output:
        "results/{collection}/report.html",
    log:
        "logs/write_report/{collection}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        collection=lookup(within=config, dpath="collections/{collection}"),
        config={
            key: config[key]
            for key in ("classes", "image_size", "seeds", "precision", "run", "datasets", "backbones", "protocols")
        },
        class_names=config["class_names"],
        code=source_digest("report"),
    script:
        "../scripts/write_report.py"


rule report:
    input:
        expand("results/{collection}/report.html", collection=config["collection"]),
