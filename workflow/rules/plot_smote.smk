rule plot_smote:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        counts=f"{SPLIT}/class_counts.csv",
        training=expand(f"{DATASET}/training.csv", dataset=OVERSAMPLED, allow_missing=True),
        pixels=packed(".npy"),
    output:
        examples=thesis_figure("3.6"),
        plane=thesis_figure("3.7"),
        classes=thesis_figure("3.8"),
        images=thesis_figure("3.9"),
    log:
        "logs/plot_smote/{collection}/{protocol}/seed{seed}.log",
    group:
        "plot_data"
    resources:
        mem_mb=per_attempt(4000),
    params:
        datasets=OVERSAMPLED,
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_smote"),
    script:
        "../scripts/plot_smote.py"
