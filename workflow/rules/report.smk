rule write_report:
    input:
        table="results/{collection}/tables/table_4_1.csv",
        counts="results/{collection}/tables/class_counts.csv",
        manifest="results/{collection}/manifest.csv",
        rejected="results/{collection}/rejected.csv",
        conflicts="results/{collection}/conflicts.csv",
        cards=model_files("model.json"),
        model_cards=card_files,
        costs="results/{collection}/tables/costs.csv",
        duplicates="results/{collection}/figures/duplicates.svg",
        ladder=ladder_files,
        search=search_files,
        thesis=thesis_figures,
        runs=expand(
            "results/{collection}/tables/{backbone}/stage{stage}_{kind}.html",
            backbone=config["run"]["backbones"],
            stage=[1, 2, 3],
            kind=["per_class", "global"],
            allow_missing=True,
        ),
        figures=expand(
            [
                f"{FIGURES}/classes.svg",
                f"{FIGURES}/leakage.svg",
                f"{FIGURES}/{{backbone}}/stage{{stage}}_{{kind}}.svg",
            ],
            protocol=config["run"]["protocols"],
            seed=config["seeds"],
            backbone=config["run"]["backbones"],
            stage=[1, 2, 3],
            kind=["curves", "confusion"],
            allow_missing=True,
        ),
        gallery=expand(
            [f"results/{{collection}}/{GALLERY}.svg", f"results/{{collection}}/{MISTAKES}.svg"],
            protocol=config["run"]["protocols"],
            seed=config["seeds"],
            backbone=config["run"]["backbones"],
            stage=3,  # pictures take room; those of other stages lie beside
            allow_missing=True,
        ),
    output:
        "results/{collection}/report.html",
    log:
        "logs/write_report/{collection}.log",
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(10),
    params:
        licence=setting("collections/{collection}/licence"),
        settings=run_settings(config),
        class_names=config["class_names"],
        code=code_of("write_report"),
    script:
        "../scripts/write_report.py"


rule report:
    input:
        expand("results/{collection}/report.html", collection=config["collection"]),


# Of the collection of the config, not a wildcard: hundreds of patterns would be tried for every file of a plan.
RESULTS = f"results/{config['collection']}"


rule number_results:
    input:
        [f"{RESULTS}/{row['source']}" for row in NUMBERED if "source" in row],
    output:
        csv=f"{RESULTS}/thesis/index.csv",
        md=f"{RESULTS}/thesis/index.md",
        files=[f"{RESULTS}/thesis/{row['file']}" for row in NUMBERED if "file" in row],
    log:
        f"logs/number_results/{config['collection']}.log",
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(10),
    params:
        results=NUMBERED,
        code=code_of("number_results"),
    script:
        "../scripts/number_results.py"


rule thesis:
    input:
        f"{RESULTS}/thesis/index.csv",
