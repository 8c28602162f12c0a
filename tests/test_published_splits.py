"""The published splits: one column per protocol and seed."""

import pandas as pd

from lesionflow.splits.published_splits import published_splits

MANIFEST = pd.DataFrame({"image": ["c", "a", "b"], "group": ["a", "a", "b"], "label": ["MEL", "MEL", "NV"]})


def parts(**images: str) -> pd.DataFrame:
    return pd.DataFrame([(image, part) for image, text in images.items() for part in text.split()]).set_axis(
        ["image", "part"], axis=1
    )


def test_every_split_is_a_column_and_every_image_a_row():
    splits = {
        "corrected_seed1": parts(b="train", a="test", c="test"),
        "as_published_seed1": parts(a="train test", b="valid", c="unused"),
    }
    found = published_splits(MANIFEST, splits)
    assert found.to_dict("list") == {
        "image": ["a", "b", "c"],
        "group": ["a", "b", "a"],
        "corrected_seed1": ["test", "train", "test"],
        "as_published_seed1": ["test+train", "valid", "unused"],
    }
