"""CSVs of a run: names come back as they were, whatever they look like; spreadsheets find no formula in them."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow import lists
from lesionflow.files import InputError

NAMES = [
    "NA", "null", "None", "nan", "N/A", "007", "1e5", "-", "TRUE", "=cmd|' /C calc'!A0", "+1", "-2", "@SUM(1)", "'=1",
    "''+", "\t=1", "＝1", "a,b", 'say "x"',
]  # fmt: skip
DESCRIBED = ["image", "label", "lesion", "patient", "age", "sex", "site", "archive", "skin_tone"]
READERS = {
    lists.read_described: DESCRIBED,
    lists.read_packed: ["image", "sha256", "pixels", "phash", "status"],
    lists.read_duplicates: ["image", "file", "pixels", "near_duplicate"],
    lists.read_manifest: [*DESCRIBED, "group", "shard"],
    lists.read_parts: ["image", "part"],
    lists.read_training: ["label", "image", "neighbour"],
    lists.read_probabilities: ["image"],
    lists.read_predictions: ["image", "predicted", "status", "warning"],
    lists.read_rejected: ["image", "reason"],
    lists.read_counts: ["protocol", "class"],
    lists.read_results: ["protocol", "backbone", "weights", "dataset", "published_as"],
    lists.read_ladder: ["rung", "backbone", "weights", "dataset"],
    lists.read_trials: ["optimizer"],
    lists.read_searches: ["protocol", "backbone", "weights", "dataset", "optimizer"],
    lists.read_costs: ["rule", "what", "device"],
}


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_text_survives(tmp_path, read):
    numbers = dict.fromkeys(("number", "row", "width", "height", "weight"), range(len(NAMES)))
    table = pd.DataFrame({column: NAMES for column in READERS[read]} | numbers)
    lists.write_table(tmp_path / "list.csv", table)
    back = read(tmp_path / "list.csv")
    assert back.to_dict("list") == table.to_dict("list")


def test_an_empty_cell_is_missing_and_nothing_else(tmp_path):
    table = pd.DataFrame(
        {"label": ["NV", "NV"], "image": ["NA", "b"], "neighbour": [None, "nan"], "weight": [0.0, 0.5]}
    )
    lists.write_table(tmp_path / "training.csv", table)
    back = lists.read_training(tmp_path / "training.csv")
    assert back["neighbour"].isna().tolist() == [True, False] and back["image"].tolist() == ["NA", "b"]
    assert back["weight"].tolist() == [0.0, 0.5]


@given(cells=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1), min_size=1))
def test_any_text_comes_back_and_is_no_formula(tmp_path_factory, cells):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    lists.write_table(path, pd.DataFrame({"image": cells, "part": "train"}))
    assert lists.read_parts(path)["image"].tolist() == cells
    with open(path, newline="", encoding="utf-8") as stream:
        written = [row["image"] for row in csv.DictReader(stream)]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")) for cell in written)


def test_numbers_stay_numbers(tmp_path):
    table = pd.DataFrame({"image": ["a", "b"], "MEL": [-1.0, 1 / 3], "row": [-1, 2]})
    lists.write_probabilities(tmp_path / "test.csv", table)
    assert (tmp_path / "test.csv").read_text() == "image,MEL,row\na,-1,-1\nb,0.3333333,2\n"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text[: len(text) // 2 + 3],
        lambda text: "",
        lambda text: text.replace("image", "picture"),
        lambda text: text + "a,b,c,d,e\n",
        lambda text: text.replace("0.5", "half"),
        lambda text: text.encode().hex(),
        lambda text: text + "NV,,,\n",
        lambda text: text + "NV,c,,\n",
    ],
)
def test_a_damaged_list_is_one_sentence_and_goes(tmp_path, monkeypatch, damage):
    monkeypatch.chdir(tmp_path)
    path = Path("results/training.csv")
    table = pd.DataFrame({"label": "NV", "image": ["a", "b"], "neighbour": ["b", None], "weight": [0.5, 0.25]})
    lists.write_table(path, table)
    path.write_text(damage(path.read_text()))
    with pytest.raises(
        InputError, match=r"results/training\.csv is damaged .* was removed: start the same command again"
    ):
        lists.read_training(path)
    assert not path.exists()


def test_a_benchmark_of_ours_reads_as_one_of_snakemake(tmp_path):
    lists.write_benchmark(tmp_path / "ours.tsv", 61.5)
    (tmp_path / "theirs.tsv").write_text("s\th:m:s\tmax_rss\n61.5\t0:01:01\t512.25\n")
    ours, theirs = (lists.read_benchmark(tmp_path / f"{name}.tsv") for name in ("ours", "theirs"))
    names = ["s", "h:m:s"]
    assert ours[names].equals(theirs[names]) and list(ours) == list(theirs)
    assert 10 < ours["max_rss"][0] < 100_000  # MB of a Python process
