rule plot_training:
    input:
        cards=model_files("model.json"),
        histories=model_files("history.csv"),
        metrics=model_files("metrics.json"),
    output:
        curves=stage_figures("curves", "Single models", "accuracy and loss"),
        confusion=stage_figures("confusion", "Single models", "confusion matrices"),
    log:
        "logs/plot_training/{collection}/{protocol}/seed{seed}/{backbone}.log",
    group:
        "plot_models"
    params:
        curves=thesis_numbers(stage_figure("curves")),
        confusion=thesis_numbers(stage_figure("confusion")),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_training"),
    script:
        "../scripts/plot_training.py"


rule plot_examples:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        pixels=packed(".npy"),
        models=model_files("model.safetensors"),
        cards=model_files("model.json"),
        tests=model_files("test.csv"),
    output:
        # Pictures take room: the report shows those of the last stage only.
        gallery=stage_figures("gallery", "Single models", "one test image per class", STAGES[-1:]),
        mistakes=stage_figures("mistakes", "Single models", "most confident errors", STAGES[-1:]),
    log:
        "logs/plot_examples/{collection}/{protocol}/seed{seed}/{backbone}.log",
    group:
        "plot_models"
    resources:
        mem_mb=per_attempt(4000),
    params:
        classes=config["classes"],
        class_names=config["class_names"],
        backbone=backbone_settings,
        numbers=thesis_numbers(stage_figure("gallery")),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_examples"),
    script:
        "../scripts/plot_examples.py"


rule plot_model:
    output:
        thesis_figure("3.10", "Architectures and stages"),
    log:
        "logs/plot_model/{collection}/{backbone}.log",
    group:
        "plot_models"
    resources:
        mem_mb=per_attempt(2000),
    params:
        backbone=setting("backbones/{backbone}"),
        classes=config["classes"],
        size=config["image_size"],
        code=code_of("plot_model"),
    script:
        "../scripts/plot_model.py"


rule plot_stages:
    output:
        thesis_figure("3.11", "Architectures and stages"),
    log:
        "logs/plot_stages/{collection}/{protocol}/{backbone}.log",
    group:
        "plot_models"
    resources:
        mem_mb=per_attempt(2000),
    params:
        backbone=backbone_settings,
        classes=config["classes"],
        transfer=setting("protocols/{protocol}/transfer"),
        freeze_head_norm=setting("protocols/{protocol}/freeze_head_norm"),
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("plot_stages"),
    script:
        "../scripts/plot_stages.py"
