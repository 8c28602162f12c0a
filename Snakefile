from snakemake.utils import min_version

min_version("9.19")


configfile: f"{workflow.basedir}/config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/new_images.smk"
include: "workflow/rules/thesis.smk"


# Snakemake's own report and archive show the text of these files; jobs read them from the command line.
workflow.configfiles[:] = [file for file in workflow.configfiles if is_public(Path(file))]


report: "workflow/report/workflow.rst"


container: config["container"]


include: "workflow/rules/collect.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/balance.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/ladder.smk"
include: "workflow/rules/draw.smk"
include: "workflow/rules/data_figures.smk"
include: "workflow/rules/tabulate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/preflight.smk"


if workflow.exec_mode == ExecMode.DEFAULT:
    check_inputs()


rule all:
    default_target: True
    input:
        rules.report.input,
        rules.thesis.input,
