rule split_rung:
    input:
        "results/{collection}/manifest.csv",
    output:
        f"{SPLIT}/split.csv",
    log:
        "logs/split_rung/{collection}/{protocol}/seed{seed}.log",
    wildcard_constraints:
        protocol="ladder_.+",
    resources:
        mem_mb=grow(4000),
        runtime=grow(10),
    params:
        split=setting("protocols/{protocol}/split"),
        rungs=config["ladder"]["rungs"],
        archive=config["ladder"]["archive"],
        code=code_of("split_rung"),
    script:
        "../scripts/split_rung.py"


ruleorder: split_rung > split_images


use rule predict_parts as predict_clean with:
    output:
        clean=stages("clean.csv"),
    log:
        "logs/predict_clean/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}.log",


use rule find_duplicates as find_external_duplicates with:
    input:
        tables=packed(".csv", of=["collection", "other"]),
        pixels=packed(".npy", of=["collection", "other"]),
    output:
        "results/{collection}/external/{other}/duplicates.csv",
    log:
        "logs/find_external_duplicates/{collection}/{other}.log",


rule predict_external:
    input:
        manifest="results/{other}/manifest.csv",
        pixels=packed(".npy", of=["other"]),
        model=f"{MODEL}/model.safetensors",
        card=f"{MODEL}/model.json",
    output:
        f"{MODEL}/external/{{other}}.csv",
    log:
        "logs/predict_external/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}/{other}.log",
    threads: 8
    resources:
        gpu=1,
        mem_mb=grow(8000),
        runtime=grow(60),
    params:
        backbone=backbone_settings,
        precision=config["precision"],
        code=code_of("predict_external"),
    script:
        "../scripts/predict_external.py"


rule judge_rung:
    input:
        manifest="results/{collection}/manifest.csv",
        leakage=f"{SPLIT}/leakage.json",
        card=f"{MODEL}/model.json",
        test=f"{MODEL}/test.csv",
        clean=f"{MODEL}/clean.csv",
    output:
        f"{MODEL}/ladder.json",
    log:
        "logs/judge_rung/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        code=code_of("judge_rung"),
    script:
        "../scripts/judge_rung.py"


rule judge_external:
    input:
        manifest="results/{collection}/manifest.csv",
        external="results/{other}/manifest.csv",
        duplicates="results/{collection}/external/{other}/duplicates.csv",
        split=f"{SPLIT}/split.csv",
        card=f"{MODEL}/model.json",
        test=f"{MODEL}/external/{{other}}.csv",
        clean=f"{MODEL}/clean.csv",
    output:
        f"{MODEL}/external/{{other}}.json",
    log:
        "logs/judge_external/{collection}/{protocol}/seed{seed}/{dataset}/{backbone}/stage{stage}/{other}.log",
    resources:
        mem_mb=grow(2000),
        runtime=grow(10),
    params:
        code=code_of("judge_external"),
    script:
        "../scripts/judge_external.py"


rule tabulate_ladder:
    input:
        rung_rows,
    output:
        csv="results/{collection}/tables/ladder.csv",
        md="results/{collection}/tables/ladder.md",
        html=report(
            "results/{collection}/tables/ladder.html",
            caption="../report/ladder.rst",
            category="Results",
            labels={"table": "ladder"},
        ),
    log:
        "logs/tabulate_ladder/{collection}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        code=code_of("tabulate_ladder"),
    script:
        "../scripts/tabulate_ladder.py"


rule draw_ladder:
    input:
        "results/{collection}/tables/ladder.csv",
    output:
        report(
            "results/{collection}/figures/ladder.svg",
            caption="../report/ladder.rst",
            category="Results",
            labels={"figure": "ladder"},
        ),
    log:
        "logs/draw_ladder/{collection}.log",
    resources:
        mem_mb=grow(1000),
        runtime=grow(10),
    params:
        collection="{collection}",
        classes=config["classes"],
        code=code_of("draw_ladder"),
    script:
        "../scripts/draw_ladder.py"


rule ladder:
    input:
        expand(
            ["results/{collection}/tables/ladder.csv", "results/{collection}/figures/ladder.svg"],
            collection=config["collection"],
        ),
