"""The config: what is completed in it, and one sentence for whatever is wrong in it."""

import copy
import inspect
import math

import pytest
import yaml
from helpers import REPOSITORY
from snakemake.utils import update_config

from lesionflow.config.paths import check_paths
from lesionflow.config.settings import SIZES, SPLITS, complete
from lesionflow.files import InputError
from lesionflow.splits.methods import METHODS

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
CORRECTED = ("protocols", "corrected")
STAGE = (*CORRECTED, "stages", "resnet50", 1)


def nested(path: tuple, value) -> dict:
    """A config that has `value` at `path` and nothing else."""
    for key in reversed(path):
        value = {key: value}
    return value


VGG16 = {"library": "torchvision", "architecture": "vgg16", "weights": "none", "unfreeze": ["features.28"]}
STUDY = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())


def completed(changes: dict) -> dict:
    """The study's config with `changes` merged in, as `--configfile` does, completed."""
    config = copy.deepcopy(STUDY)
    update_config(config, changes)
    return complete(config, SCHEMA)


def value_at(config: dict, path: tuple):
    for key in path:
        config = config[key]
    return config


@pytest.mark.parametrize(
    ("path", "given", "value"),
    [
        (("seeds",), [1.0, 2], [1, 2]),
        (("image_size",), 64.0, 64),
        (("image_size",), "64", 64),
        (("collections", "demo", "shards"), 2.0, 2),
        (("datasets", "smote", "real_limit"), 16.0, 16),
        ((*STAGE, "epochs"), 3.0, 3),
        ((*CORRECTED, "split", "valid"), 4.0, 4),
        ((*STAGE, "lr"), "1e-3", 0.001),  # what YAML 1.1 makes of 1e-3 without a point
        (("search", "learning_rates"), ["1e-3", 0.01], [0.001, 0.01]),
        (("fail",), "true", True),  # what Snakemake makes of `--config fail=true`
        (("fail",), "false", False),
        ((*CORRECTED, "augmentation", "zoom"), [1, 1], [1, 1]),
        (("classes",), ["NA", "nan", "1", "MEL|NV", "naïve <b>"], ["NA", "nan", "1", "MEL|NV", "naïve <b>"]),
    ],
)
def test_numbers_and_names_that_are_read(path, given, value):
    found = value_at(completed(nested(path, given)), path)
    assert found == value and repr(found) == repr(value)


def test_numbers_are_read_in_the_yaml_of_a_user():
    config = yaml.safe_load("protocols: {corrected: {stages: {resnet50: {1: {epochs: 2.0, lr: 5e-4}}}}}")
    assert value_at(completed(config), STAGE) == {"epochs": 2, "lr": 0.0005, "augment": True}


@pytest.mark.parametrize(
    ("path", "given", "message"),
    [
        (("image_size",), 64.5, "at $.image_size: 64.5 is not of type 'integer'"),
        (("image_size",), True, "at $.image_size: True is not of type 'integer'"),
        (("image_size",), 10**6, "at $.image_size: 1000000 is greater than the maximum"),
        (("seeds",), [2**32], "at $.seeds[0]: 4294967296 is greater than the maximum"),
        (("seeds",), [-1], "at $.seeds[0]: -1 is less than the minimum"),
        (("seeds",), [1, 1.0], "at $.seeds: [1, 1] has non-unique elements"),
        ((*STAGE, "lr"), math.nan, "at $.protocols.corrected.stages.resnet50[1].lr: nan is not of type 'number'"),
        ((*STAGE, "lr"), math.inf, ".lr: inf is not of type 'number'"),
        ((*STAGE, "lr"), "1e999", ".lr: inf is not of type 'number'"),
        ((*STAGE, "lr"), 1e30, ".lr: 1e+30 is greater than the maximum of 10 (learning rate)"),
        ((*STAGE, "lr"), "fast", ".lr: 'fast' is not of type 'number'"),
        ((*STAGE, "epochs"), "1e-3", ".epochs: 0.001 is not of type 'integer'"),
        (("near_duplicates", "correlation"), -math.inf, "$.near_duplicates.correlation: -inf is not"),
        (("backbones", "resnet50", "std"), [0, 1, 1], "$.backbones.resnet50.std[0]: 0 is less than the minimum"),
        (("backbones", "resnet50", "mean"), [math.nan, 0, 0], "$.backbones.resnet50.mean[0]: nan is not"),
        (("backbones", "resnet50", "published_as"), "resnet50", "'resnet50' is not one of ['efficientnet_b0'"),
        ((*CORRECTED, "augmentation", "brightness"), [1.5, 0.5], "augmentation.brightness: 1.5 is not below 0.5"),
        ((*CORRECTED, "augmentation", "zoom"), [1.2, 1], "$.protocols.corrected.augmentation.zoom: 1.2 is not"),
        ((*CORRECTED, "input_range"), {"resnet50": [1, 1]}, "corrected.input_range.resnet50: 1 is not below 1"),
        ((*CORRECTED, "input_range"), {"resnet5": [0, 1]}, "$.protocols.corrected.input_range: 'resnet5' is not"),
        ((*CORRECTED, "split"), {"archive": "BCN"}, "$.protocols.corrected.split: by_group takes no `archive`"),
        ((*CORRECTED, "split"), {"method": "by_archive"}, "by_archive tests on one archive: name it as `archive`"),
        ((*CORRECTED, "like"), "random_split", "'random_split' is like 'corrected': give one of them"),
        (("protocols", "mine"), {"split": {"test": 4}, "stages": {}}, "mine.split: 'method' is a required"),
        (("protocols", "mine"), {}, "at $.protocols.mine: 'split' is a required property"),
        (("datasets", "smote"), {"limit": 5}, "$.datasets.smote: `real_limit` 250 is above `limit` 5"),
        (("datasets", "mine"), {"limit": 5, "k_neighbors": 2}, "'oversample' is a dependency of 'k_neighbors'"),
        (("run", "datasets"), ["smotee"], "at $.run.datasets: 'smotee' is not one of `datasets` (undersampled, smote)"),
        (("ladder",), {"rungs": ["corrected"], "recipe": "x"}, "at $.ladder.recipe: 'x' is not one of `protocols`"),
        (("ladder",), {"rungs": ["corrected"], "external": ["demo", "demo"]}, "has non-unique elements"),
        (("official", "collection"), "demo", "is not one class outside `classes`"),
        (("official",), {"run": True, "collection": "nowhere"}, "'nowhere' is not one of `collections`"),
        (("collections", "official_test", "ignore_classes"), ["UNK", "X"], "is not one class outside `classes`"),
        (("official", "unknown", "score"), "guess", "is not one of"),
        (("official", "unknown", "loss"), 1, "greater than or equal to the maximum"),
        (("ladder",), {"rungs": ["corrected"], "external": ["isic2019"]}, "'isic2019' is the training collection"),
        (("protocols", "mine"), {"like": "corrected", "stages": {"vgg16": {1: {"epochs": 2}}}}, "'lr' is a required"),
        (("protocols", "mine"), None, "at $.protocols.mine: None is not of type 'object'"),
        (("protocols", "mine"), {"like": 1}, "at $.protocols.mine.like: 1 is not of type 'string'"),
        (("collections", "isic2019", "ignore_classes"), ["NV"], "isic2019.ignore_classes: 'NV' is one of `classes`"),
        (
            ("collections", "isic2019", "label_map"),
            {"x": "MEL"},
            "isic2019.label_map: label_map maps values of `label_column`, or folders: set",
        ),
        (
            ("collections", "isic2019"),
            {"label_column": "dx", "label_map": {"x": "MELL"}},
            "isic2019.label_map: 'x' is mapped to 'MELL', which is neither one of `classes`",
        ),
        (
            ("collections", "isic2019"),
            {"label_column": "dx", "labels": "by_folder"},
            "isic2019.label_column: label_column is of a table, and `labels` is by_folder",
        ),
        (
            ("collections", "isic2019", "ignore_classes"),
            ["*"],
            "ignore_classes has '' or '*', which stand for values of",
        ),
        (
            ("collections", "isic2019"),
            {"labels": "by_folder", "label_key": "lesion"},
            "label_key needs a table of labels",
        ),
        (("collections", "isic2019", "columns"), {"patients": "p"}, "('patients' was unexpected)"),
        (("collections", "isic2019", "group_by"), ["archive"], "'archive' is not one of ['lesion', 'patient']"),
        (("collections", "demo", "images"), "", "at $.collections.demo.images: '' cannot be used (a path"),
        (("images",), 2024, "at $.images: 2024 is not of type 'string' (put it in quotes)"),
        (("classes",), ["NV", False], "at $.classes[1]: False is not of type 'string' (put it in quotes)"),
        (("container",), "a\nb.sif", "at $.container: 'a\\nb.sif' cannot be used"),
        (("search",), None, "at $.search: None is not of type 'object'"),
        (("class_names", "MEL"), "melanocytic naevus", "at $.class_names: 'melanocytic naevus' stands for 2 classes"),
        (("class_names", "MEL"), " ", "at $.class_names: '' stands for 1 classes"),
        (("search", "epoch"), 1, "at $.search: Additional properties are not allowed ('epoch' was unexpected)"),
    ],
)
def test_what_is_refused_with_its_path(path, given, message):
    with pytest.raises(InputError) as refusal:
        completed(nested(path, given))
    assert message in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "name",
    ["x{y}", "../../x", "/x", "a/b", "a\\b", "a\0b", "a\nb", "a\n", ".x", "x.", " x", "x ", "", "=1+1", "+x", "-x",
     "@x", "'x", "x" * 61, "\u202ex", "image", "Status", "predicted", "probability", "label", "all"],
)  # fmt: skip
def test_classes_that_cannot_be_names_of_folders_and_columns(name):
    with pytest.raises(InputError, match=r"^at \$\.classes"):
        completed({"classes": ["NV", name]})


def test_classes_that_differ_in_case_only():
    with pytest.raises(InputError, match=r"at \$\.classes: NV and nv differ in case only"):
        completed({"classes": ["NV", "MEL", "nv"]})


@pytest.mark.parametrize(
    ("section", "name", "like"),
    [
        ("collections", "predictions", "demo"),
        ("collections", "Weights", "demo"),
        ("collections", "audit", "demo"),
        ("collections", "ISIC2019", "demo"),
        ("collections", "a\n", "demo"),
        ("protocols", "figures", "corrected"),
        ("protocols", "tables", "corrected"),
        ("protocols", "external", "corrected"),
        ("protocols", "thesis", "corrected"),
        ("protocols", "ladder_corrected", "corrected"),
        ("protocols", "../x", "corrected"),
        ("datasets", "curves", "smote"),
        ("datasets", "split.csv", "smote"),
        ("datasets", "Smote", "smote"),
        ("datasets", "a__b", "smote"),
        ("backbones", "folders", "resnet50"),
        ("backbones", "x" * 61, "resnet50"),
    ],
)
def test_names_that_collide_with_others_or_with_folders(section, name, like):
    config = copy.deepcopy(STUDY)
    config[section][name] = config[section][like]
    with pytest.raises(InputError, match=rf"^at \$\.{section}"):
        complete(config, SCHEMA)


def test_a_name_of_two_parts_of_the_run():
    changes = {"datasets": {"resnet50": {"limit": 5}}, "run": {"datasets": ["resnet50"]}}
    with pytest.raises(InputError, match="'resnet50' is used in `datasets` and `backbones`"):
        completed(changes)


def test_a_collection_from_elsewhere_is_no_rung():
    ladder = {"rungs": ["corrected"], "external": ["corrected"]}
    with pytest.raises(InputError, match="'corrected' is also the name of a rung"):
        completed({"collections": {"corrected": STUDY["collections"]["demo"]}, "ladder": ladder})


def test_a_protocol_may_be_like_one_that_is_like_another():
    protocols = {"mine": {"like": "random_split", "patience": 3}, "ap": {"like": "as_published", "split": {"test": 4}}}
    found = completed({"protocols": protocols})["protocols"]
    assert found["mine"]["stages"] == found["corrected"]["stages"] and found["mine"]["leaky"]
    assert found["mine"]["split"]["method"] == "by_image" and found["mine"]["patience"] == 3
    assert found["ap"]["split"] == {"method": "as_published", "test": 4, "valid": 50}


def test_what_a_protocol_lacks_may_come_from_the_one_it_is_like():
    own = {"augmentation": {"rotation": 10}, "stages": {"resnet50": {1: {"lr": "1e-2"}}}}
    mine = completed({"protocols": {"mine": {"like": "corrected"} | own}})["protocols"]["mine"]
    assert mine["augmentation"]["rotation"] == 10 and mine["augmentation"]["flip"]
    assert mine["stages"]["resnet50"][1] == {"epochs": 30, "lr": 0.01, "augment": True}


def test_a_backbone_that_a_protocol_does_not_name_is_trained_by_its_default_stages():
    default = {1: {"epochs": 7, "lr": 0.1}, 2: {"epochs": 8, "lr": 0.2, "augment": False}, 3: {"epochs": 9, "lr": 0.3}}
    mine = {"like": "as_published", "stages": {"default": default, "resnet50": {1: {"epochs": 5}}}}
    found = completed({"backbones": {"vgg16": VGG16}, "protocols": {"mine": mine}})["protocols"]
    assert found["mine"]["stages"]["vgg16"][1] == {"epochs": 7, "lr": 0.1, "augment": True}
    assert found["mine"]["stages"]["vgg16"][2] == {"epochs": 8, "lr": 0.2, "augment": False}
    assert found["mine"]["stages"]["resnet50"][1] == {"epochs": 5, "lr": 0.1, "augment": True}
    assert found["mine"]["stages"]["resnet50"][3] == {"epochs": 8, "lr": 0.3, "augment": False}  # as as_published
    assert "default" not in found["mine"]["stages"] and found["corrected"]["stages"]["vgg16"][1]["epochs"] == 40


def test_default_stages_may_be_inherited_in_part():
    mine = {"like": "corrected", "stages": {"default": {3: {"epochs": 2}}}}
    found = completed({"protocols": {"mine": mine}})["protocols"]["mine"]["stages"]
    assert found["efficientnet_b0"][3]["epochs"] == 2 and found["efficientnet_b0"][1]["epochs"] == 40


def test_an_empty_config_is_refused_too():
    with pytest.raises(InputError, match="'collection' is a required property"):
        complete({}, SCHEMA)


def test_a_method_takes_of_an_inherited_split_what_it_knows():
    by_archive = {"like": "corrected", "split": {"method": "by_archive", "archive": "BCN"}}
    protocols = {"a": by_archive, "b": {"like": "a", "split": {"method": "by_image"}}}
    protocols |= {"c": {"like": "corrected", "split": {"method": "as_published"}}}
    found = completed({"protocols": protocols, "ladder": {"rungs": ["corrected"], "recipe": "a"}})["protocols"]
    splits = {name: set(protocol["split"]) for name, protocol in found.items()}
    sizes = {"method", "test", "valid"}
    assert splits["a"] == sizes | {"keep_for_training", "archive"}
    assert splits["b"] == splits["ladder_corrected"] == sizes | {"keep_for_training"} and splits["c"] == sizes


def test_methods_of_splitting_take_what_the_config_gives_them():
    """by_image and by_archive hand on to by_group what they do not use themselves."""
    assert set(SPLITS) <= set(METHODS)
    takes = {name: set(inspect.signature(method).parameters) for name, method in METHODS.items()}
    for name in METHODS:
        settings = SPLITS.get(name, SIZES)
        handed_on = takes["by_group"] if "settings" in takes[name] else set()
        assert settings <= takes[name] | handed_on
        assert takes[name] | handed_on <= settings | {"manifest", "seed", "settings"}


def test_an_image_is_a_path_without_placeholders():
    with pytest.raises(InputError, match=r"at container: 'a\{b\}.sif' has '\{' in it"):
        check_paths(completed({"container": "a{b}.sif"}))


@pytest.mark.parametrize("names", [(), ("complete",), ("demo",), ("demo", "demo_complete")])
def test_the_configs_that_come_with_the_workflow(names):
    config = {}
    for name in names:
        update_config(config, yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text()))
    given = yaml.safe_load(yaml.safe_dump(config))
    found = completed(config)
    assert config == given  # what Snakemake hands on to its jobs stays as it was
    assert found["preflight"] == {"gpu": False} and found["audit"] == {"part_column": "part"}
    assert {f"ladder_{rung}" for rung in found["ladder"]["rungs"]} <= set(found["protocols"])
    assert all(protocol["patience"] > 0 for protocol in found["protocols"].values())


def test_a_path_is_the_same_however_it_is_written():
    given = {"collections": {"demo": {"images": "x//y/./z/", "labels": "./labels.csv"}}}
    demo = completed(given)["collections"]["demo"]
    assert (demo["images"], demo["labels"]) == ("x/y/z", "labels.csv")


def test_columns_of_metadata_need_metadata():
    mine = {"images": "i", "labels": "l.csv", "columns": {"patient": "p"}}
    with pytest.raises(InputError, match=r"collections\.mine\.columns: columns names columns of `metadata`: set it"):
        completed({"collection": "mine", "collections": {"mine": mine}})
    read = completed({"collection": "mine", "collections": {"mine": mine | {"metadata": "l.csv"}}})["collections"][
        "mine"
    ]
    assert read["group_by"] == ["lesion", "patient"] and read["columns"] == {"patient": "p"}


def test_values_of_labels_may_be_numbers():
    changes = {"label_column": "target", "label_map": {0: "NV", 1: "MEL"}}
    read = completed({"collections": {"isic2019": changes}})["collections"]["isic2019"]
    assert read["label_map"] == {"0": "NV", "1": "MEL"}


def test_labels_of_lesions_need_the_lesions_of_the_metadata():
    collection = {"labels": "l.csv", "images": "i", "metadata": "m.csv", "label_key": "lesion"}
    completed({"collection": "mine", "collections": {"mine": collection}})
    with pytest.raises(InputError, match="label_key needs a table of labels"):
        completed({"collection": "mine", "collections": {"mine": collection | {"columns": {"lesion": None}}}})
