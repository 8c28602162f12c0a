localrules:
    download_file,  # computing nodes of a cluster may have no way to the internet
    index_store,


rule draw_demo:
    output:
        images="resources/demo/ISIC_demo_Input.zip",
        labels="resources/demo/ISIC_demo_GroundTruth.csv",
        metadata="resources/demo/ISIC_demo_Metadata.csv",
    log:
        "logs/draw_demo.log",
    threads: 2
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        total=600,
        seed=1,
        code=code_of("draw_demo"),
    script:
        "../scripts/draw_demo.py"


rule download_file:
    output:
        "resources/{collection}/{file}",
    log:
        "logs/download_file/{collection}/{file}.log",
    wildcard_constraints:
        file="|".join(re.escape(file) for parts in config["collections"].values() for file in parts.get("download", {})),
    resources:
        mem_mb=grow(1000),
        runtime=grow(600),
    params:
        urls=setting("collections/{collection}/download/{file}/urls"),
        sha256=setting("collections/{collection}/download/{file}/sha256", default=None),
        images=setting("collections/{collection}/download/{file}/images", default=None),
        part="resources/{collection}/{file}.part",
    script:
        "../scripts/download_file.py"


rule read_labels:
    input:
        images=collection_file("images"),
        labels=collection_file("labels"),
        metadata=collection_file("metadata"),
    output:
        "results/{collection}/labels.csv",
    log:
        "logs/read_labels/{collection}.log",
    priority: 10  # a mistake in a table should show before hours of packing
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        ignore_classes=setting("collections/{collection}/ignore_classes"),
        archive_without_lesion=setting("collections/{collection}/archive_without_lesion"),
        on_missing_image=config["on_missing_image"],
        files=images_state,
        labels=table_digest("labels"),
        metadata=table_digest("metadata"),
        code=code_of("read_labels"),
    script:
        "../scripts/read_labels.py"


rule pack_images:
    input:
        images=collection_file("images"),
    output:
        pixels="resources/{collection}/packed{size}{resize}/{shard}.npy",
        table="resources/{collection}/packed{size}{resize}/{shard}.csv",
    log:
        "logs/pack_images/{collection}/{size}{resize}/{shard}.log",
    benchmark:
        "resources/{collection}/packed{size}{resize}/{shard}_benchmark.tsv"
    threads: 2
    resources:
        mem_mb=grow(2000),
        runtime=grow(60),
    params:
        shards=setting("collections/{collection}/shards"),
        files=images_state,
        code=code_of("pack_images"),
    script:
        "../scripts/pack_images.py"


rule index_store:
    input:
        tables=store_files(".csv"),
        pixels=store_files(".npy"),
    output:
        "resources/{collection}/packed{size}{resize}/store.json",
    log:
        "logs/index_store/{collection}/{size}{resize}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        code=code_of("index_store"),
    script:
        "../scripts/index_store.py"


rule find_duplicates:
    input:
        tables=packed(".csv"),
        pixels=packed(".npy"),
    output:
        "results/{collection}/duplicates.csv",
    log:
        "logs/find_duplicates/{collection}.log",
    resources:
        mem_mb=grow(4000),
        runtime=grow(30),
    params:
        near=config["near_duplicates"],
        code=code_of("find_duplicates"),
    script:
        "../scripts/find_duplicates.py"


rule find_conflicts:
    input:
        labels="results/{collection}/labels.csv",
        duplicates="results/{collection}/duplicates.csv",
        tables=packed(".csv"),
        pixels=packed(".npy"),
    output:
        "results/{collection}/conflicts.csv",  # of a step of its own, so that it stays when they stop the run
    log:
        "logs/find_conflicts/{collection}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        code=code_of("find_conflicts"),
    script:
        "../scripts/find_conflicts.py"


rule make_manifest:
    input:
        labels="results/{collection}/labels.csv",
        tables=packed(".csv"),
        duplicates="results/{collection}/duplicates.csv",
        conflicts="results/{collection}/conflicts.csv",
    output:
        manifest="results/{collection}/manifest.csv",
        rejected="results/{collection}/rejected.csv",
    log:
        "logs/make_manifest/{collection}.log",
    resources:
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        classes=config["classes"],
        on_bad_image=config["on_bad_image"],
        on_conflict=config["on_conflict"],
        code=code_of("make_manifest"),
    script:
        "../scripts/make_manifest.py"
