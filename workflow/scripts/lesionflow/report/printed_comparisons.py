"""What the thesis' own printed numbers can say about SMOTE."""

from pathlib import Path

from lesionflow.evaluation.printed_difference import printed_difference
from lesionflow.report.thesis_numbers import read_numbers
from lesionflow.report.verdict_sentences import signed
from lesionflow.stages import STAGES


def printed_sentences(path: str | Path) -> list[str]:
    """A sentence for each backbone of thesis_numbers.yaml: SMOTE instead of undersampling at the last stage."""
    given = read_numbers(path)
    runs = {(run["backbone"], run["dataset"]): run for run in given["runs"] if run["stage"] == STAGES[-1]}
    lines = []
    for backbone in dict.fromkeys(name for name, _ in runs):
        smote, plain = runs[backbone, "smote"], runs[backbone, "no_smote"]
        table = printed_difference(smote["confusion_matrix"], plain["confusion_matrix"], given["class_order"])
        total = table.set_index("class").loc["all"]
        difference = (total["right_a"] - total["right_b"]) / total["images"]
        tested, valid = (
            " and ".join(f"{run[block]['accuracy']:.2f}" for run in (plain, smote))
            for block in ("global", "validation")
        )
        lines.append(
            f"Thesis, {backbone}, stage {STAGES[-1]}: it printed accuracies of {tested} without and with SMOTE, a "
            f"difference of {signed(difference)} in its confusion matrices of {total['images']:.0f} images. They do "
            "not show which images both models classified correctly: McNemar's p is between "
            f"{total['p_low']:.2g} and {total['p_high']:.2g}, whatever the pairing. Its test images were also training "
            "images (LEAKY), so that even the smallest p says nothing about new images. On its validation images it "
            f"printed {valid}."
        )
    return lines
