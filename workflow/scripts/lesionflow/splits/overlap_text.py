"""Sentences and table cells on images that share something with training."""

from collections.abc import Mapping

import pandas as pd

# What stays together in splits (see `manifest.groups`) is resampled together for intervals.
RESAMPLED = (
    "lesions resampled with replacement (where the lesion is unknown: images with their duplicates; "
    "where the patient is known: patients)"
)


def lesions_known(found: Mapping) -> str:
    """Return for how many images lesion and patient are known, in words; `found` is leakage, metrics or card.json."""
    known = found["known"]
    patients = f"{known['patient']:,}" if known["patient"] else "none"
    return f"lesion known for {known['lesion']:,} of {found['images_audited']:,} images, patient for {patients}"


def sharing_sentences(result: Mapping) -> list[str]:
    """Return a sentence per part of an audit (leakage.json) on how many of its images share what with training."""
    sentences = []
    for part in ("test", "valid"):
        found = result[part]
        kinds = [f"{count:,} by {kind.replace('_', ' ')}" for kind, count in found["sharing"].items() if count]
        share = f" ({found['images_sharing'] / found['images']:.1%})" if found["images_sharing"] else ""
        if found["images"]:
            sentences.append(
                f"{found['images_sharing']:,} of {found['images']:,} {part} images{share} share something with training"
                f"{': ' * bool(kinds)}{', '.join(kinds)}."
            )
    return sentences


def shared_cell(runs: pd.DataFrame, prefix: str = "") -> str:
    """Return the percentage of images of `runs` that share something with training, with "≥" if lesions are unknown.

    `prefix` precedes the names of the columns images and images_sharing.
    """
    share = runs[f"{prefix}images_sharing"].sum() / runs[f"{prefix}images"].sum()
    least = share < 1 and (runs["lesions_known"] < runs["images_audited"]).any()
    return f"{'≥ ' if least else ''}{share:.0%}"


def unknown_lesions(table: pd.DataFrame, key: str) -> list[str]:
    """Return a sentence for each protocol or rung (column `key`) with images of unknown lesion."""
    some = table[table["lesions_known"] < table["images_audited"]].drop_duplicates(key)
    return [
        f"{name}: lesion known for {known:,} of {images:,} images; "
        "the proportion of test images that share something with training is a lower bound (≥)."
        for name, known, images in some[[key, "lesions_known", "images_audited"]].itertuples(index=False)
    ]
