"""The official test of the ISIC 2019 challenge."""

from collections.abc import Mapping

from lesionflow.report.sections.blocks import paragraph, section, sentences, tabular
from lesionflow.report.tables.official import official_table, percent, unknown_table


def official_section(record: Mapping | None) -> dict | None:
    """The score of the best model beside published ones, if the run has it; `record` is official_score.json."""
    if record is None:
        return None
    return section(
        "official",
        "Official test of ISIC 2019",
        paragraph(
            "{protocol}, {backbone}, stage {stage}, dataset {dataset}, seed {seed}: the best model on validation "
            "images, tested on the collection {official_test} of {images:,} images. {images_unknown:,} of them belong "
            "to no class that it knows.".format(**record["model"], **record)
        ),
        tabular(official_table(record), "Balanced accuracy as the challenge computes it, with 95 % interval."),
        sentences(conditions(record), notes=False),
        tabular(
            unknown_table(record),
            "Images called unknown, by score. AUROC: known against unknown test images, over all thresholds.",
        ),
        sentences([threshold_sentence(record["unknown"]), *notes(record)]),
    )


def conditions(record: Mapping) -> list[str]:
    """How the published scores came about, whether they can be compared, and what was called unknown."""
    published, unknown = record["published"], record["unknown"]
    used = unknown["scores"][unknown["score"]]
    same = all(record[key] == published[key] for key in ("images", "images_unknown"))
    return [
        f"Published scores: {published['conditions']}",
        "This model is scored on the same number of images."
        if same
        else f"This model is scored on {record['images']:,} other images: its score and the published ones cannot be "
        "compared.",
        f"It calls {percent(used['known_flagged'])} of the known and {percent(used['unknown_flagged'])} of the "
        "unknown test images unknown.",
    ]


def threshold_sentence(about: Mapping) -> str:
    """How the threshold of the unknown class was chosen; `about` is unknown.json."""
    images = f"{about['valid_images']:,} validation images"
    if about["threshold"] == "leave_one_out":
        return (
            f"Threshold: each class in turn is taken out of the {about['training_images']:,} training images that a "
            f"score is fitted to, and out of the logits, and its images among {images} stand for unknown ones. The "
            "threshold separates them best from the others, on average. The network itself was trained on all classes."
        )
    return (
        f"Threshold: at most {percent(about['loss'])} of {images} lie above it. No unknown image and no test image was "
        "used. The epoch and the model were chosen on the same validation images: more of the known test images may be "
        "called unknown."
    )


def notes(record: Mapping) -> list[str]:
    """What the test shares with training, and which images do not count."""
    sharing, left_out = record["sharing"], record["images_not_counted"]
    found = [
        f"{sharing['images_sharing']:,} of {sharing['images']:,} images share a file, pixels or a near duplicate with "
        "training images. The score counts them, as the challenge does. Lesions of the test images are not known."
    ]
    if left_out:
        found.append(f"Not counted, as their weight is 0: {', '.join(left_out)}.")
    return found
