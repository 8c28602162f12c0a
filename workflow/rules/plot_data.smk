SPLIT_FIGURE = "figures/{protocol}/seed{seed}"


rule plot_collection:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        pixels=packed(".npy"),
    output:
        samples=thesis_figure("1.1"),
        resolutions=thesis_figure("3.1"),
        classes=thesis_figure("3.2"),
    log:
        "logs/plot_collection/{collection}.log",
    group:
        "plot_data"
    resources:
        mem_mb=per_attempt(2000),
    params:
        classes=config["classes"],
        class_names=config["class_names"],
        code=code_of("plot_collection"),
    script:
        "../scripts/plot_collection.py"


rule plot_duplicates:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
        pixels=packed(".npy"),
    output:
        figure("duplicates", "figures/duplicates", "Duplicates", "pairs of duplicates"),
    log:
        "logs/plot_duplicates/{collection}.log",
    group:
        "plot_data"
    resources:
        mem_mb=per_attempt(2000),
    params:
        code=code_of("plot_duplicates"),
    script:
        "../scripts/plot_duplicates.py"


rule plot_split:
    input:
        packed=packed(".csv"),
        split=f"{SPLIT}/split.csv",
        counts=f"{SPLIT}/class_counts.csv",
        leakage=f"{SPLIT}/leakage.json",
    output:
        preparation=thesis_figure("3.3"),
        undersampling=[thesis_figure("3.4") for dataset in UNDERSAMPLED],
        classes=figure("classes", f"{SPLIT_FIGURE}/classes", "Images", "images per class"),
        leakage=figure("leakage", f"{SPLIT_FIGURE}/leakage", "Images", "images sharing with training"),
    log:
        "logs/plot_split/{collection}/{protocol}/seed{seed}.log",
    group:
        "plot_data"
    params:
        size=config["image_size"],
        datasets=UNDERSAMPLED,
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_split"),
    script:
        "../scripts/plot_split.py"


rule plot_augmentation:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        split=f"{SPLIT}/split.csv",
        pixels=packed(".npy"),
    output:
        thesis_figure("3.5"),
    log:
        "logs/plot_augmentation/{collection}/{protocol}/seed{seed}.log",
    group:
        "plot_data"
    resources:
        mem_mb=per_attempt(2000),
    params:
        augmentation=setting("protocols/{protocol}/augmentation"),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_augmentation"),
    script:
        "../scripts/plot_augmentation.py"
