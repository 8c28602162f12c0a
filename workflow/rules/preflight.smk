from snakemake.iocontainers import Wildcards
from snakemake.settings.types import DeploymentMethod

from lesionflow.files import write_text
from lesionflow.preflight import find_problems, needed_bytes, needed_files, used_packages


def check_ready(log):
    """Say that a run has all that machines without a network cannot get; WorkflowError, and all it lacks in `log`."""
    collection = config["collections"][config["collection"]]
    every = Wildcards(fromdict={"collection": config["collection"]})
    in_image = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    problems = find_problems(
        needed_files(config, made=list(rules.draw_demo.output)),
        used_packages(config),
        config["container"] if in_image else None,
        config["preflight"]["gpu"],
        needed_bytes(collection["labels"], config["image_size"], packed(".npy")(every), card_files(every)),
    )
    write_text(log, "\n".join(problems or ["ready"]) + "\n")
    if problems:
        raise WorkflowError(f"Not ready, {len(problems)} missing or wrong: see {log}.")
    print("ready")


# Outside of the image, which may be missing. No inputs: Snakemake would fetch them.
rule preflight:
    log:
        "logs/preflight.log",
    localrule: True
    container:
        None
    run:
        check_ready(log[0])
