FIGURES = "results/{collection}/figures/{protocol}/seed{seed}"
# As in thesis.csv.
CURVES, CONFUSION, GALLERY, MISTAKES = (
    f"figures/{{protocol}}/seed{{seed}}/{{backbone}}/stage{{stage}}_{kind}"
    for kind in ("curves", "confusion", "gallery", "mistakes")
)


rule draw_classes:
    input:
        f"{SPLIT}/class_counts.csv",
    output:
        report(
            f"{FIGURES}/classes.svg",
            caption="../report/classes.rst",
            category="Images",
            labels={"protocol": "{protocol}", "seed": "{seed}", "figure": "images per class"},
        ),
    log:
        "logs/draw_classes/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_classes"),
    script:
        "../scripts/draw_classes.py"


rule draw_curves:
    input:
        cards=dataset_files("model.json"),
        histories=dataset_files("history.csv"),
    output:
        stage_results(
            CURVES,
            ".svg",
            "accuracy and loss",
            caption="../report/curves.rst",
            category="Training",
            subcategory="{protocol}, seed {seed}",
        ),
    log:
        "logs/draw_curves/{collection}/{protocol}/seed{seed}/{backbone}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        numbers=thesis_numbers(CURVES),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_curves"),
    script:
        "../scripts/draw_curves.py"


rule draw_confusion:
    input:
        cards=dataset_files("model.json"),
        metrics=dataset_files("metrics.json"),
    output:
        stage_results(
            CONFUSION,
            ".svg",
            "confusion matrices",
            caption="../report/confusion.rst",
            category="Test",
            subcategory="{protocol}, seed {seed}",
        ),
    log:
        "logs/draw_confusion/{collection}/{protocol}/seed{seed}/{backbone}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        numbers=thesis_numbers(CONFUSION),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_confusion"),
    script:
        "../scripts/draw_confusion.py"


rule draw_gallery:
    input:
        manifest="results/{collection}/manifest.csv",
        pixels=packed(".npy"),
        models=dataset_files("model.safetensors"),
        cards=dataset_files("model.json"),
        tests=dataset_files("test.csv"),
    output:
        gallery=stage_results(
            GALLERY,
            ".svg",
            "one test image per class",
            caption="../report/gallery.rst",
            category="Test",
            subcategory="{protocol}, seed {seed}",
        ),
        mistakes=stage_results(
            MISTAKES,
            ".svg",
            "surest mistakes",
            caption="../report/mistakes.rst",
            category="Test",
            subcategory="{protocol}, seed {seed}",
        ),
    log:
        "logs/draw_gallery/{collection}/{protocol}/seed{seed}/{backbone}.log",
    resources:
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        class_names=config["class_names"],
        backbone=backbone_settings,
        numbers=thesis_numbers(GALLERY),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_gallery"),
    script:
        "../scripts/draw_gallery.py"


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
        code=code_of("draw_leakage"),
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
        code=code_of("draw_duplicates"),
    script:
        "../scripts/draw_duplicates.py"
