SPLIT = "results/{collection}/{protocol}/seed{seed}"
FIGURES = "results/{collection}/figures/{protocol}/seed{seed}"


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
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
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
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
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
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
        code=source_digest("figures"),
    script:
        "../scripts/draw_confusion.py"


rule draw_leakage:
    input:
        f"{SPLIT}/leakage.json",
    output:
        report(
            f"{FIGURES}/leakage.svg",
            caption="../report/leakage.rst",
            category="Leakage",
            labels={"protocol": "{protocol}", "seed": "{seed}", "figure": "shared images"},
        ),
    log:
        "logs/draw_leakage/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
        code=source_digest("figures"),
        leakage_code=source_digest("leakage"),
    script:
        "../scripts/draw_leakage.py"


rule draw_duplicates:
    input:
        manifest="results/{collection}/manifest.csv",
        duplicates="results/{collection}/duplicates.csv",
        pixels=packed(".npy"),
    output:
        report(
            "results/{collection}/figures/duplicates.svg",
            caption="../report/duplicates.rst",
            category="Leakage",
            labels={"figure": "duplicates"},
        ),
    log:
        "logs/draw_duplicates/{collection}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        code=source_digest("figures"),
        duplicates_code=source_digest("duplicates"),
    script:
        "../scripts/draw_duplicates.py"
