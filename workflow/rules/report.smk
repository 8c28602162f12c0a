rule plot_results:
    input:
        f"{TABLES}/table_4_1.csv",
    output:
        figure("results", "figures/results", "Results", "balanced accuracy of all models"),
    log:
        "logs/plot_results/{collection}.log",
    group:
        "report"
    params:
        classes=config["classes"],
        code=code_of("plot_results"),
    script:
        "../scripts/plot_results.py"


# In no group: the official test, which it shows, is scored after the tables of the group "report".
rule write_report:
    input:
        splits=f"{COLLECTION}/splits.csv",  # published with every report
        results=f"{TABLES}/table_4_1.csv",
        comparisons=f"{TABLES}/comparisons.csv",
        counts=f"{TABLES}/class_counts.csv",
        costs=f"{TABLES}/costs.csv",
        ladder=f"{TABLES}/ladder.csv" if config["ladder"]["rungs"] else [],
        search=f"{TABLES}/search.csv" if config["search"]["run"] else [],
        official=f"{COLLECTION}/official/official_score.json" if config["official"]["run"] else [],
        runs=of_run(f"{TABLES}/{{backbone}}/stage{{stage}}_{{kind}}.html", kind=["per_class", "global"]),
        manifest=f"{COLLECTION}/manifest.csv",
        rejected=f"{COLLECTION}/rejected.csv",
        conflicts=f"{COLLECTION}/conflicts.csv",
        records=model_files("model.json"),
        cards=card_files,
        figures=report_figures,
    output:
        f"{COLLECTION}/report.html",
    log:
        "logs/write_report/{collection}.log",
    params:
        categories=figure_categories,
        licence=setting("collections/{collection}/licence"),
        settings=run_settings(config),
        class_names=config["class_names"],
        code=code_of("write_report"),
    script:
        "../scripts/write_report.py"


rule report:
    input:
        expand(f"{COLLECTION}/report.html", collection=config["collection"]),


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
    group:
        "report"
    params:
        results=NUMBERED,
        code=code_of("number_results"),
    script:
        "../scripts/number_results.py"


rule thesis:
    input:
        f"{RESULTS}/thesis/index.csv",
