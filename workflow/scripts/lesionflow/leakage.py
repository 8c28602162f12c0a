"""How many test and validation images share something with training, by class and by what they share."""

from collections.abc import Mapping

import pandas as pd

KINDS = ("file", "pixels", "near_duplicate", "lesion", "smote_parent")


def audit(known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None) -> dict:
    """The contents of leakage.json.

    `known` has image, label, and of file, pixels, near_duplicate and lesion those that are known: two images share
    a thing when they have the same value. `split` has image and part; an image may stand in two parts, and then
    shares its file with itself. `parents` names the images that synthetic training images were made from.
    """
    known = known.set_index("image")
    crossings = find_crossings(known, split, parents)
    result = {}
    for part in ("test", "valid"):
        members = split.loc[split["part"] == part, "image"]
        sharing = crossings[part]
        label = known["label"].reindex(members).to_numpy()
        classes = {str(name): _count(sharing[label == name]) for name in sorted(set(label[pd.notna(label)]))}
        result[part] = _count(sharing) | {"by_class": classes}
    return result | {"leaky": any(result[part]["images_sharing"] > 0 for part in ("test", "valid"))}


def find_crossings(
    known: pd.DataFrame, split: pd.DataFrame, parents: pd.Series | None = None
) -> Mapping[str, pd.DataFrame]:
    """For test and valid: one row an image, one boolean column a kind, whether it is shared with training.

    `known` is indexed by image. A kind that is not known of any image is False throughout.
    """
    training = split.loc[split["part"] == "train", "image"]
    crossings = {}
    for part in ("test", "valid"):
        members = split.loc[split["part"] == part, "image"]
        shared = pd.DataFrame(False, index=members, columns=list(KINDS))
        for kind in KINDS:
            if kind in known:
                values = known[kind].reindex(members)
                shared[kind] = (values.notna() & values.isin(known[kind].reindex(training).dropna())).to_numpy()
        shared["file"] |= members.isin(training).to_numpy()
        if parents is not None:
            shared["smote_parent"] = members.isin(parents).to_numpy()
        crossings[part] = shared
    return crossings


def _count(shared: pd.DataFrame) -> dict:
    return {
        "images": len(shared),
        "images_sharing": int(shared.any(axis=1).sum()),
        "sharing": {kind: int(shared[kind].sum()) for kind in KINDS},
    }
