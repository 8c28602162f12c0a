rule generate_demo:
    output:
        images="resources/demo/ISIC_demo_Input.zip",
        labels="resources/demo/ISIC_demo_GroundTruth.csv",
        metadata="resources/demo/ISIC_demo_Metadata.csv",
    log:
        "logs/generate_demo.log",
    threads: 2
    params:
        total=600,
        unknown=0,
        seed=1,
        code=code_of("generate_demo"),
    script:
        "../scripts/generate_demo.py"


use rule generate_demo as generate_demo_test with:
    output:
        images="resources/demo_test/ISIC_demo_test_Input.zip",
        labels="resources/demo_test/ISIC_demo_test_GroundTruth.csv",
        metadata="resources/demo_test/ISIC_demo_test_Metadata.csv",
    log:
        "logs/generate_demo_test.log",
    params:
        total=48,
        unknown=12,
        seed=2,
        code=code_of("generate_demo"),


rule download_file:
    output:
        "resources/{collection}/{file}",
    log:
        "logs/download_file/{collection}/{file}.log",
    wildcard_constraints:
        file="|".join(re.escape(file) for parts in config["collections"].values() for file in parts.get("download", {})),
    cache: CACHES
    localrule: True  # computing nodes of a cluster may have no way to the internet
    resources:
        runtime=per_attempt(600),
    params:
        urls=setting("collections/{collection}/download/{file}/urls"),
        sha256=setting("collections/{collection}/download/{file}/sha256", default=None),
        images=setting("collections/{collection}/download/{file}/images", default=None),
        part="resources/{collection}/{file}.part",
    script:
        "../scripts/download_file.py"


rule fetch_weights:
    output:
        "resources/weights/{file}",
    log:
        "logs/fetch_weights/{file}.log",
    wildcard_constraints:
        file="|".join(re.escape(Path(path).name) for path in config["private_urls"] if "/weights/" in path),
    cache: CACHES
    localrule: True  # as above
    resources:
        runtime=per_attempt(60),
    params:
        urls=weights_urls,
        sha256=weights_digest,
        images=None,
        part="resources/weights/{file}.part",
    script:
        "../scripts/download_file.py"
