"""Score the submission as the challenge does, and find duplicates of training images in the official test."""

from typing import TYPE_CHECKING

from lesionflow.evaluation.official_score import read_truth
from lesionflow.evaluation.submission import official_record
from lesionflow.files import read_json, write_json
from lesionflow.lists import read_duplicates, read_manifest, read_parts, read_probabilities
from lesionflow.logs import job
from lesionflow.splits.audit import audit_external

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    inputs, params = snakemake.input, snakemake.params
    with job(snakemake.log[0]):
        submitted, without, scores = (read_probabilities(inputs[name]) for name in ("submission", "without", "scores"))
        about = read_json(inputs.about)
        truth = read_truth(inputs.labels, [*params.classes, about["class"]], submitted["image"])
        others = truth[["label"]].rename_axis("image").reset_index()
        others["image"] = f"{params.official}/" + others["image"]  # both collections may use the same names
        manifest, split = read_manifest(inputs.manifest), read_parts(inputs.split)
        sharing = audit_external(manifest, others, split, read_duplicates(inputs.duplicates))["test"]
        record = official_record(truth, submitted, without, scores, about, params.classes)
        names = {"official_test": params.official, "model": read_json(inputs.choice), "sharing": sharing}
        write_json(snakemake.output[0], names | record)


if __name__ == "__main__":
    main(snakemake)
