# What must be there before a run: said at its start, and by `snakemake preflight`.
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import DeploymentMethod

from lesionflow.config.paths import check_tables
from lesionflow.config.preflight import find_problems, needed_bytes, needed_files, used_packages
from lesionflow.files import write_text


def check_inputs():
    """Stop where a table is missing that results rest on; say so of images, which are needed no more once packed."""
    collection = config["collections"][config["collection"]]
    made = made_files()
    try:
        check_tables(config, made)
    except InputError as error:
        raise WorkflowError(f"Config: {error}") from None
    packed_before = Path(f"results/{config['collection']}/manifest.csv").exists()
    if packed_before and collection["images"] not in made and not Path(collection["images"]).exists():
        logger.warning(f"There are no images at {collection['images']}: only results of images packed before are used.")


def check_ready(log):
    """Say that a run has all that machines without a network cannot get; WorkflowError, and all it lacks in `log`."""
    collection = config["collections"][config["collection"]]
    every = Wildcards(fromdict={"collection": config["collection"]})
    in_image = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
    problems = find_problems(
        needed_files(config, made=[*rules.generate_demo.output, *rules.generate_demo_test.output]),
        used_packages(config),
        config["container"] if in_image else None,
        config["preflight"]["gpu"],
        needed_bytes(collection["labels"], config["image_size"], packed(".npy")(every), card_files(every)),
    )
    write_text(log, "\n".join(problems or ["ready"]) + "\n")
    if problems:
        raise WorkflowError(f"Not ready, {len(problems)} missing or wrong: see {log}.")
    print("ready")
