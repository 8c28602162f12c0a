"""Write the submission to the challenge, with a threshold of the unknown class from validation images."""

from typing import TYPE_CHECKING

from lesionflow.evaluation.outputs import read_outputs
from lesionflow.evaluation.submission import submission, submission_without_unknown, unknown_scores
from lesionflow.files import write_json
from lesionflow.lists import write_table
from lesionflow.logs import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main(snakemake: "Snakemake") -> None:
    output, classes, unknown = snakemake.output, snakemake.params.classes, snakemake.params.unknown
    settings = snakemake.params.settings
    with job(snakemake.log[0]):
        training, valid, test = read_outputs(snakemake.input[0], ["train", "valid", "test"])
        scores, about = unknown_scores(training, valid, test, settings["threshold"], settings["loss"])
        chosen = settings["score"]
        write_table(output.submission, submission(test, classes, unknown, scores[chosen].to_numpy(), about[chosen]))
        write_table(output.without, submission_without_unknown(test, classes, unknown))
        write_table(output.scores, scores)
        images = {"training_images": len(training.image), "valid_images": len(valid.image)}
        write_json(output.about, {"class": unknown, **settings, **images, "scores": about})


if __name__ == "__main__":
    main(snakemake)
