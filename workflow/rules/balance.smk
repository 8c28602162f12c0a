rule balance:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        store=packed_store,
    output:
        "results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
    log:
        "logs/balance/{collection}/{protocol}/seed{seed}/{dataset}.log",
    threads: 2
    resources:
        mem_mb=grow(4000),
        runtime=grow(60),
    params:
        dataset=balancing,
        undersample=setting("protocols/{protocol}/undersample"),
        same_real_images=setting("protocols/{protocol}/same_real_images"),
        code=code_of("balance"),
    script:
        "../scripts/balance.py"


rule write_folders:
    input:
        manifest="results/{collection}/manifest.csv",
        split="results/{collection}/{protocol}/seed{seed}/split.csv",
        training="results/{collection}/{protocol}/seed{seed}/{dataset}/training.csv",
        duplicates="results/{collection}/duplicates.csv",
        pixels=packed(".npy"),
    output:
        directory("results/{collection}/{protocol}/seed{seed}/{dataset}/folders"),
    log:
        "logs/write_folders/{collection}/{protocol}/seed{seed}/{dataset}.log",
    threads: 2
    resources:
        mem_mb=grow(2000),
        runtime=grow(60),
    params:
        classes=config["classes"],
        leaky=setting("protocols/{protocol}/leaky"),
        code=code_of("write_folders", gate="splits.audit"),
    script:
        "../scripts/write_folders.py"


rule export_folders:
    input:
        expand(
            "results/{collection}/{protocol}/seed{seed}/{dataset}/folders",
            collection=config["collection"],
            protocol=config["run"]["protocols"],
            seed=config["seeds"],
            dataset=config["run"]["datasets"],
        ),
