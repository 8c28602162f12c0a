localrules:
    index_store,


rule pack_images:
    input:
        images=collection_file("images"),
    output:
        pixels=f"{PACKED}/{{shard}}.npy",
        table=f"{PACKED}/{{shard}}.csv",
    log:
        "logs/pack_images/{collection}/{size}{resize}/{shard}.log",
    benchmark:
        f"{PACKED}/{{shard}}_benchmark.tsv"
    threads: 2
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
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
        f"{PACKED}/store.json",
    log:
        "logs/index_store/{collection}/{size}{resize}.log",
    params:
        code=code_of("index_store"),
    script:
        "../scripts/index_store.py"
