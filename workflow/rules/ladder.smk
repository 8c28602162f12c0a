rule split_rung:
    input:
        f"{COLLECTION}/manifest.csv",
    output:
        f"{SPLIT}/split.csv",
    log:
        "logs/split_rung/{collection}/{protocol}/seed{seed}.log",
    wildcard_constraints:
        protocol="ladder_.+",
    resources:
        mem_mb=per_attempt(4000),
    params:
        split=setting("protocols/{protocol}/split"),
        rungs=config["ladder"]["rungs"],
        archive=config["ladder"]["archive"],
        code=code_of("split_rung"),
    script:
        "../scripts/split_rung.py"


ruleorder: split_rung > split_images


use rule predict_parts as predict_rung with:
    output:
        valid=stages("valid.csv"),
        test=stages("test.csv"),
        clean=stages("clean.csv"),
    log:
        "logs/predict_rung/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",
    wildcard_constraints:
        protocol="ladder_.+",


ruleorder: predict_rung > predict_parts


rule evaluate_rung:
    input:
        manifest=f"{COLLECTION}/manifest.csv",
        leakage=f"{SPLIT}/leakage.json",
        card=f"{MODEL}/model.json",
        test=f"{MODEL}/test.csv",
        clean=f"{MODEL}/clean.csv",
    output:
        f"{MODEL}/ladder.json",
    log:
        "logs/evaluate_rung/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}.log",
    params:
        code=code_of("evaluate_rung"),
    script:
        "../scripts/evaluate_rung.py"


rule tabulate_ladder:
    input:
        rung_rows,
    output:
        table("ladder", "Ladder of leakage", "ladder"),
    log:
        "logs/tabulate_ladder/{collection}.log",
    group:
        "report"
    params:
        code=code_of("tabulate_ladder"),
    script:
        "../scripts/tabulate_ladder.py"


rule plot_ladder:
    input:
        f"{TABLES}/ladder.csv",
    output:
        figure("ladder", "figures/ladder", "Ladder of leakage", "ladder", needs="ladder"),
    log:
        "logs/plot_ladder/{collection}.log",
    group:
        "report"
    params:
        collection="{collection}",
        classes=config["classes"],
        code=code_of("plot_ladder"),
    script:
        "../scripts/plot_ladder.py"


rule ladder:
    input:
        expand(
            [f"{TABLES}/ladder.csv", f"{COLLECTION}/figures/ladder.svg"],
            collection=config["collection"],
        ),
