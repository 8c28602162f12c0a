"""The table of the register of public splits; planning reads it, so it needs few packages."""

from pathlib import Path

import pandas as pd

from lesionflow.files import InputError
from lesionflow.lists import read_table

TEXT = [
    "name", "dataset", "repository", "commit", "reader", "path", "parts", "licence", "digest", "kind", "counted", "note"
]  # fmt: skip
SIZES = ["train", "valid", "test"]
COUNTS = [
    *SIZES, "test_sharing_file", "test_sharing_lesion", "mel_test", "mel_sharing", "not_official_names",
    "test_without_lesion_id", "test_sharing_any", "test_sharing_train_or_valid", "test_same_id_other_spelling",
    "valid_also_test", "valid_sharing_file", "valid_sharing_lesion", "test_sharing_patient",
]  # fmt: skip


def read_register(path: str | Path) -> pd.DataFrame:
    """Return the register: columns TEXT and COUNTS, counts missing where they are unknown.

    Raises InputError if two splits have one name.
    """
    register = read_table(path, TEXT)
    twice = register["name"][register["name"].duplicated()].tolist()
    if twice:
        raise InputError(f"{path} names {twice[0]} twice: give each list a name of its own.")
    return register.astype(dict.fromkeys(COUNTS, "Int64"))
