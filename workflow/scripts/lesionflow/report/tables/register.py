"""The table of public splits and how much of their test images training has seen."""

import pandas as pd

from lesionflow.report.tables.table import Table

COLUMNS = {
    "Test images": "test",
    "Lesion in training": "test_sharing_lesion",
    "Melanomas": "mel_test",
    "Lesion in training (melanomas)": "mel_sharing",
    "Image in training": "test_sharing_file",
    "Image in training under another spelling": "test_same_id_other_spelling",
    "Patient in training": "test_sharing_patient",
    "Lesion unknown": "test_without_lesion_id",
}


def register_table(audits: pd.DataFrame) -> Table:
    """The Table of audits.csv."""
    wide = audits[["name", "dataset"]].set_axis(["Split", "Data set"], axis=1)
    for header, name in COLUMNS.items():
        wide[header] = ["unknown" if pd.isna(value) else f"{value:,}" for value in audits[name]]
    share = audits["test_sharing_lesion"] / audits["test"]
    wide.insert(4, "Share", ["unknown" if pd.isna(value) else f"{value:.1%}" for value in share])
    wide["List"] = audits["status"]
    text = ["Split", "Data set", "List"]
    return Table("register", "Public splits", audits, wide, text, notes(audits))


def notes(audits: pd.DataFrame) -> list[str]:
    """How to read the table, and how far lists and counts agree with the register."""
    here = audits[audits["digest"].notna()]
    other = here[here["status"].str.contains("not the register's list|other counts")]
    leaking = here[here["test_sharing_lesion"] > 0]
    return [
        f"{len(here)} of the {len(audits)} lists of the register were audited; "
        f"{len(leaking)} have test images whose lesion is in training.",
        *(f"{name}: {status}." for name, status in other[["name", "status"]].itertuples(index=False)),
        "Lesions are those of the official metadata. An image whose lesion is unknown counts as sharing none: all "
        "counts of shared lesions are lower bounds. Where a split has two parts only, the held-out one is called test.",
        "HAM10000 and ISIC 2019 have no identifiers of patients: that no lesion is shared says nothing about patients.",
    ]
