rule pack_images:
    input:
        images=made_images,
    output:
        pixels=f"{PACKED}/{{shard}}.npy",
        table=f"{PACKED}/{{shard}}.csv",
        benchmark=f"{PACKED}/{{shard}}_benchmark.tsv",  # not by `benchmark:`, which cannot be taken from a cache
    log:
        "logs/pack_images/{collection}/{size}{resize}/{shard}.log",
    cache: CACHES
    threads: 2
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
    params:
        images=setting("collections/{collection}/images"),
        shards=setting("collections/{collection}/shards"),
        shard="{shard}",  # a cache knows params, not wildcards
        size="{size}",
        resize="{resize}",
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
    localrule: True
    params:
        code=code_of("index_store"),
    script:
        "../scripts/index_store.py"
