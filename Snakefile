include: "workflow/Snakefile"


# What is included sets no default target.
workflow.default_target = "all"
