OF_COLLECTION = "results/{collection}/figures"
OF_SPLIT = {"protocol": "{protocol}", "seed": "{seed}"}


rule draw_collection:
    input:
        manifest="results/{collection}/manifest.csv",
        pixels=packed(".npy"),
    output:
        samples=thesis_figure("1.1", OF_COLLECTION),
        resolutions=thesis_figure("3.1", OF_COLLECTION),
        classes=thesis_figure("3.2", OF_COLLECTION),
    log:
        "logs/draw_collection/{collection}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        class_names=config["class_names"],
        code=code_of("draw_collection"),
    script:
        "../scripts/draw_collection.py"


rule draw_preparation:
    input:
        packed=packed(".csv"),
        split=f"{SPLIT}/split.csv",
        counts=f"{SPLIT}/class_counts.csv",
    output:
        thesis_figure("3.3", FIGURES, **OF_SPLIT),
    log:
        "logs/draw_preparation/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        size=config["image_size"],
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_preparation"),
    script:
        "../scripts/draw_preparation.py"


rule draw_undersampling:
    input:
        f"{SPLIT}/class_counts.csv",
    output:
        thesis_figure("3.4", FIGURES, **OF_SPLIT),
    log:
        "logs/draw_undersampling/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        datasets=UNDERSAMPLED,
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_undersampling"),
    script:
        "../scripts/draw_undersampling.py"


rule draw_augmentation:
    input:
        manifest="results/{collection}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        pixels=packed(".npy"),
    output:
        thesis_figure("3.5", FIGURES, **OF_SPLIT),
    log:
        "logs/draw_augmentation/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        augmentation=setting("protocols/{protocol}/augmentation"),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_augmentation"),
    script:
        "../scripts/draw_augmentation.py"


rule draw_smote:
    input:
        manifest="results/{collection}/manifest.csv",
        counts=f"{SPLIT}/class_counts.csv",
        training=expand(f"{SPLIT}/{{dataset}}/training.csv", dataset=OVERSAMPLED, allow_missing=True),
        pixels=packed(".npy"),
    output:
        examples=thesis_figure("3.6", FIGURES, **OF_SPLIT),
        plane=thesis_figure("3.7", FIGURES, **OF_SPLIT),
        classes=thesis_figure("3.8", FIGURES, **OF_SPLIT),
        images=thesis_figure("3.9", FIGURES, **OF_SPLIT),
    log:
        "logs/draw_smote/{collection}/{protocol}/seed{seed}.log",
    resources:
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        datasets=OVERSAMPLED,
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_smote"),
    script:
        "../scripts/draw_smote.py"


rule draw_model:
    output:
        thesis_figure("3.10", "results/{collection}/figures/{backbone}", backbone="{backbone}"),
    log:
        "logs/draw_model/{collection}/{backbone}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        backbone=setting("backbones/{backbone}"),
        classes=config["classes"],
        size=config["image_size"],
        code=code_of("draw_model"),
    script:
        "../scripts/draw_model.py"


rule draw_stages:
    output:
        thesis_figure(
            "3.11",
            "results/{collection}/figures/{protocol}/{backbone}",
            protocol="{protocol}",
            backbone="{backbone}",
        ),
    log:
        "logs/draw_stages/{collection}/{protocol}/{backbone}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        backbone=backbone_settings,
        classes=config["classes"],
        transfer=setting("protocols/{protocol}/transfer"),
        freeze_head_norm=setting("protocols/{protocol}/freeze_head_norm"),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("draw_stages"),
    script:
        "../scripts/draw_stages.py"
