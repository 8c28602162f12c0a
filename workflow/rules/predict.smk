from lesionflow.evaluation.predictions import set_name

NEW_IMAGES = set_name(config["images"]) if "images" in config else "NAME"


checkpoint choose_model:
    input:
        known_models,
    output:
        update(f"{PREDICTIONS}/model.json"),  # so that what is refused loses no earlier choice
    log:
        "logs/choose_model/{name}.log",
    localrule: True
    resources:
        mem_mb=per_attempt(2000),
    params:
        images=config.get("images"),
        collection=config["collection"],
        model=config["predict"].get("model"),
        classes=config["classes"],
        image_size=config["image_size"],
        resize={name: protocol["resize"] for name, protocol in config["protocols"].items()},
        backbones={name: f"{it['library']} {it['architecture']}" for name, it in config["backbones"].items()},
        code=code_of("choose_model"),
    script:
        "../scripts/choose_model.py"


use rule pack_images as pack_new_images with:
    input:
        images=config.get("images", []),
    output:
        pixels=f"{PACKED_NEW}/{{shard}}.npy",
        table=f"{PACKED_NEW}/{{shard}}.csv",
        benchmark=f"{PACKED_NEW}/{{shard}}_benchmark.tsv",
    log:
        "logs/pack_new_images/{name}/{size}{resize}/{shard}.log",
    cache: False  # images of patients, perhaps
    threads: 8
    params:
        images=config.get("images"),
        shards=1,
        shard="{shard}",
        size="{size}",
        resize="{resize}",
        files=new_files,
        code=code_of("pack_images"),


rule predict_images:
    input:
        choice=f"{PREDICTIONS}/model.json",
        model=chosen_model,
        pixels=new_images(".npy"),
        table=new_images(".csv"),
    output:
        f"{PREDICTIONS}/predictions.csv",
    log:
        "logs/predict_images/{name}.log",
    benchmark:
        f"{PREDICTIONS}/benchmark.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(60),
    params:
        images=config.get("images"),
        class_names=config["class_names"],
        precision=config["precision"],
        code=code_of("predict_images"),
    script:
        "../scripts/predict_images.py"


rule write_prediction_page:
    input:
        choice=f"{PREDICTIONS}/model.json",
        predictions=f"{PREDICTIONS}/predictions.csv",
        pixels=new_images(".npy"),
        table=new_images(".csv"),
    output:
        f"{PREDICTIONS}/gallery.html",
    log:
        "logs/write_prediction_page/{name}.log",
    resources:
        mem_mb=per_attempt(2000),
    params:
        class_names=config["class_names"],
        code=code_of("write_prediction_page"),
    script:
        "../scripts/write_prediction_page.py"


rule predict:
    input:
        expand(f"{PREDICTIONS}/{{file}}", name=NEW_IMAGES, file=["predictions.csv", "gallery.html"]),
