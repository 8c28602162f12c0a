"""Paths that Snakemake would misread."""

from pathlib import Path

import pytest
from helpers import output, snakemake

from lesionflow.config.paths import check_command_line, check_paths, check_tables, typed_images
from lesionflow.files import InputError

NOTHING = {"collections": {}, "backbones": {}, "container": "none.sif"}


@pytest.mark.parametrize(
    ("images", "arguments", "name"),
    [
        ("new", None, "new"),
        (2024, ["images=2024"], "2024"),
        (7, ["seeds=[1]", "images=007"], "007"),
        (100000.0, ["images=1e5"], "1e5"),
        (True, ["images=true"], "true"),
        (2024, None, "2024"),  # from a config file
    ],
)
def test_the_name_of_a_folder_is_as_it_was_typed(images, arguments, name):
    assert typed_images(NOTHING | {"images": images}, arguments) == name


@pytest.mark.parametrize("key", ["labels", "metadata", "split"])
def test_results_are_not_kept_for_a_table_that_is_not_there(tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    part = {"labels": "labels.csv"} | {key: "typo.csv"}
    config = {"collection": "mine", "collections": {"mine": part if key != "split" else {}}, "audit": {}}
    if key == "split":
        config["audit"] = {"name": "other", "split": "typo.csv"}
    Path("labels.csv").touch()
    check_tables(config, [])  # nothing was made yet: the step that needs it says so
    for result in ("results/mine/labels.csv", "results/audit/other/leakage.json"):
        Path(result).parent.mkdir(parents=True)
        Path(result).touch()
    with pytest.raises(InputError, match=rf"\.{key}: there is no file typo.csv"):
        check_tables(config, [])
    check_tables(config, ["typo.csv"])


@pytest.mark.parametrize(
    "url", ["https://u:GEHEIM@h/s.csv?token=GEHEIM", "HTTPS://u:GEHEIM@h/x.pth", "ftp://GEHEIM@h/x"]
)
def test_a_url_is_no_path_and_its_secret_is_not_said(url):
    for config in ({"audit": {"split": url}}, {"collections": {"mine": {"labels": url}}}):
        with pytest.raises(InputError, match="is a URL where a file is expected") as error:
            check_paths(NOTHING | config)
        assert "GEHEIM" not in str(error.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"images": "new {a}"}, "at images: .*new {a}' has '{' in it"),
        ({"images": "new <script>"}, "has '<script>' in it, which Snakemake takes for a placeholder: rename"),
        ({"collections": {"mine": {"images": "a", "labels": "b}.csv"}}}, "at collections.mine.labels: 'b}.csv' has"),
        ({"backbones": {"net": {"weights": "<net>.pth"}}}, "at backbones.net.weights"),
        ({"audit": {"split": "{}"}}, "at audit.split"),
        ({"predict": {"model": "results/{x}/stage3"}}, "at predict.model"),
    ],
)
def test_placeholders_in_paths_are_refused(config, message):
    with pytest.raises(InputError, match=message):
        check_paths(NOTHING | config)


def test_other_odd_paths_are_not():
    check_paths(NOTHING | {"images": "a <B> 1<2 [c]*?$", "backbones": {"net": {"weights": "https://h/{a}.pth"}}})


def test_a_secret_on_the_command_line_is_refused():
    check_command_line(None)
    check_command_line(["images=a:b@c", "seeds=[1]", "x=https://h/a"])
    with pytest.raises(InputError) as caught:
        check_command_line(["backbones={net: {weights: https://user:PASS@h/a?TOKEN}}"])
    assert "weights: https://h/a}} has a user, password or query" in str(caught.value)
    assert "PASS" not in str(caught.value) and "TOKEN" not in str(caught.value)


def test_a_folder_named_by_a_number_and_one_by_a_placeholder(tmp_path):
    (tmp_path / "007").mkdir()
    done = snakemake(tmp_path, "predict", "--dry-run", "--config", "images=007")
    assert done.returncode == 0 and "results/predictions/007/predictions.csv" in output(done)
    done = snakemake(tmp_path, "predict", "--dry-run", "--config", "images={a}")
    said = output(done)
    assert done.returncode != 0 and "Config: at " in said and "{a}' " in said and "Traceback" not in said
