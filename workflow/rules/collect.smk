rule read_labels:
    input:
        images=collection_file("images"),
        labels=collection_file("labels"),
        metadata=collection_file("metadata"),
    output:
        f"{COLLECTION}/labels.csv",
    log:
        "logs/read_labels/{collection}.log",
    priority: 10  # a mistake in a table should show before hours of packing
    resources:
        mem_mb=per_attempt(2000),
    params:
        classes=config["classes"],
        ignore_classes=setting("collections/{collection}/ignore_classes"),
        archive_without_lesion=setting("collections/{collection}/archive_without_lesion"),
        layout=table_layout,
        on_missing_image=config["on_missing_image"],
        files=images_state,
        labels=table_digest("labels"),
        metadata=table_digest("metadata"),
        code=code_of("read_labels"),
    script:
        "../scripts/read_labels.py"


rule find_duplicates:
    input:
        tables=packed(".csv"),
        pixels=packed(".npy"),
    output:
        f"{COLLECTION}/duplicates.csv",
    log:
        "logs/find_duplicates/{collection}.log",
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(30),
    params:
        near=config["near_duplicates"],
        code=code_of("find_duplicates"),
    script:
        "../scripts/find_duplicates.py"


rule find_conflicts:
    input:
        labels=f"{COLLECTION}/labels.csv",
        duplicates=f"{COLLECTION}/duplicates.csv",
        tables=packed(".csv"),
        pixels=packed(".npy"),
    output:
        f"{COLLECTION}/conflicts.csv",  # of a step of its own, so that it stays when they stop the run
    log:
        "logs/find_conflicts/{collection}.log",
    resources:
        mem_mb=per_attempt(2000),
    params:
        classes=config["classes"],
        code=code_of("find_conflicts"),
    script:
        "../scripts/find_conflicts.py"


rule make_manifest:
    input:
        labels=f"{COLLECTION}/labels.csv",
        tables=packed(".csv"),
        duplicates=f"{COLLECTION}/duplicates.csv",
        conflicts=f"{COLLECTION}/conflicts.csv",
    output:
        manifest=f"{COLLECTION}/manifest.csv",
        rejected=f"{COLLECTION}/rejected.csv",
    log:
        "logs/make_manifest/{collection}.log",
    resources:
        mem_mb=per_attempt(4000),
    params:
        classes=config["classes"],
        group_by=setting("collections/{collection}/group_by"),
        on_bad_image=config["on_bad_image"],
        on_conflict=config["on_conflict"],
        code=code_of("make_manifest"),
    script:
        "../scripts/make_manifest.py"
