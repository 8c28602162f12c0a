"""The thesis' figures and tables come out of a run under their numbers, for whichever config."""

import re

import pandas as pd
import pytest
import yaml
from helpers import REPOSITORY
from snakemake.utils import update_config

from lesionflow.config.settings import complete
from lesionflow.evaluation.metrics import METRICS
from lesionflow.report.tables.metrics import matrix_table
from lesionflow.report.thesis import number, read_contents, results

CONTENTS = read_contents(REPOSITORY / "workflow/resources/thesis_contents.csv")
# As the thesis has them: figures 1.1, 3.1 to 3.25 and 4.1, tables 3.1 to 3.13 and 4.1.
NUMBERS = {f"Figure {n}" for n in ("1.1", "4.1", *(f"3.{k}" for k in range(1, 26)))}
NUMBERS |= {f"Table {n}" for n in ("4.1", *(f"3.{k}" for k in range(1, 14)))}


def config(*names: str, **changes) -> dict:
    """The config that the files `names` of config/ make, over config.yaml."""
    made = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    for name in names:
        update_config(made, yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text()))
    update_config(made, changes)
    return complete(made, REPOSITORY / "workflow/schemas/config.schema.yaml")


def lacking(found: list[dict]) -> dict[str, str]:
    return {row["name"]: row["needs"] for row in found if "needs" in row}


def test_the_list_has_every_number_once():
    names = [f"{row['kind'].capitalize()} {row['number']}" for row in CONTENTS]
    assert len(set(names)) == len(names) and set(names) == NUMBERS
    # The tables and figures of a run, as they are numbered where its printed values are kept.
    published = yaml.safe_load((REPOSITORY / "workflow/resources/thesis_numbers.yaml").read_text())
    for run in published["runs"]:
        own = [row for row in CONTENTS if (row["backbone"], row["stage"]) == (run["backbone"], str(run["stage"]))]
        found = {row["file"].rsplit("_", 1)[-1]: row["number"] for row in own}
        given = run["figures"] | {"class": run["tables"]["per_class"], "global": run["tables"]["global"]}
        assert found == given


@pytest.mark.parametrize("names", [("complete",), ("demo", "demo_complete")])
def test_both_protocols_have_every_number(names):
    given = config(*names, run={"datasets": ["undersampled", "smote"]})
    found = results(CONTENTS, given)
    assert lacking(found) == {} and {row["name"] for row in found} == NUMBERS
    files = [row["file"] for row in found]
    assert len(set(files)) == len(files) and len({row["source"] for row in found}) == len(files)
    assert given["run"]["protocols"] == ["as_published", "corrected"]
    backbones = given["run"]["backbones"]
    for protocol in given["run"]["protocols"]:
        for n, backbone in ((12, 0), (13, 1), (16, 0), (17, 0), (24, 1), (25, 1)):
            assert f"figure_3_{n}_{protocol}_seed1_{backbones[backbone]}.svg" in files
        assert f"figure_4_1_{protocol}_seed1_{backbones[0]}.svg" in files


def test_what_a_run_lacks_is_said():
    run = {"datasets": ["smote"], "backbones": ["efficientnet_lite0"]}
    found = lacking(results(CONTENTS, config(run=run)))
    assert found["Figure 3.4"].startswith("a dataset without") and found["Figure 3.13"] == "`search: {run: true}`"
    assert "`stands_for` resnet50v2" in found["Table 3.9"] and "Table 3.3" not in found
    found = lacking(results(CONTENTS, config(run={"datasets": ["undersampled"]})))
    assert set(found) == {f"Figure 3.{n}" for n in (6, 7, 8, 9, 12, 13)}


def test_a_backbone_that_the_thesis_lacks_has_no_number():
    curves, per_class = ("figures/{protocol}/seed{seed}/{backbone}/stage{stage}_curves",
                         "tables/{backbone}/stage{stage}_per_class")  # fmt: skip
    assert number(CONTENTS, curves, {"published_as": "efficientnet_b0"}, 2) == "3.16"
    assert number(CONTENTS, per_class, {"stands_for": "resnet50v2"}, 3) == "3.12"
    assert number(CONTENTS, curves, {}, 2) is None
    assert number(CONTENTS, curves.replace("curves", "gallery"), {}, 3) == "4.1"


def test_a_run_makes_them(run):
    """What the list says, as files that are not empty, under their numbers in title and name."""
    folder = run / "results/tiny/thesis"
    index = pd.read_csv(folder / "index.csv", dtype=str, keep_default_na=False)
    assert set(index["name"]) == NUMBERS and (index["needs"] == "").all()
    assert set(index["file"]) | {"index.csv", "index.md"} == {path.name for path in folder.iterdir()}
    by_name = index.groupby("name")["file"].agg(list)
    assert by_name["Table 3.12"] == [f"table_3_12_resnet50{end}" for end in (".csv", ".md", ".html")]
    for name, files in by_name.items():
        assert name.startswith("Table") or all(file.endswith(".svg") for file in files)
        for file in files:
            text = (folder / file).read_text()
            assert file.startswith(re.sub("[ .]", "_", name.lower()) + file[len(name)])
            titled = not file.endswith(".csv")
            assert text and (not titled or f"{name}: " in text or text.startswith(f"# {name}\n")), file
    assert f"[{files[0]}]({files[0]})" in (folder / "index.md").read_text()


def test_table_3_1_defines_the_metrics():
    text, page = matrix_table().markdown(), matrix_table().html()
    for words in ("TP, true positive", "FN, false negative", "FP, false positive", "TN, true negative"):
        assert words in text and words in page
    assert "predicted as the class" in text
    for metric in METRICS:
        assert (f"{metric.name} = " in text) is bool(metric.tables), metric.key  # those that any table shows
