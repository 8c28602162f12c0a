"""Search: a trial on stored features equals a training, whatever is trained beside it; the winner is the right one."""

import dataclasses
import math
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import output, snakemake
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import CONFIG, SETTINGS, images
from torch import nn
from torch.utils.data import TensorDataset

from lesionflow.files import InputError, read_json
from lesionflow.training.backbones import new_classifier, unfreeze
from lesionflow.training.engine import fit
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import OPTIMIZERS
from lesionflow.training.search import extract_features, search, winner

RESNET = CONFIG | {"library": "torchvision", "architecture": "resnet18"}
RATES = [0.0001, 0.001, 0.01]
VALUES = ["loss", "accuracy", "valid_loss", "valid_accuracy"]


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> pd.DataFrame:
    hardware, data = Hardware.choose("float32", 1), images(tmp_path_factory.mktemp("images"))
    model = new_classifier(RESNET, 2, None, 1)
    features = extract_features(model, data, hardware, "training")
    return search(model.head, features, features, list(OPTIMIZERS), RATES, epochs=3, batch_size=8, seed=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("lr", RATES)
def test_a_trial_equals_a_training_that_runs_the_frozen_backbone(tmp_path, searched, optimizer, lr):
    model, data = new_classifier(RESNET, 2, None, 1), images(tmp_path)
    unfreeze(model, 1, [])
    recipe = dataclasses.replace(SETTINGS, optimizer=optimizer, lr=lr, augmentation=None)
    done = fit(model, data, data, recipe, Hardware.choose("float32", 1), tmp_path / "resume.pt", "identity")
    trial = searched[(searched["optimizer"] == optimizer) & (searched["lr"] == lr)]
    assert trial["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(trial[VALUES], pd.DataFrame(done.history)[VALUES], rtol=1e-4, atol=1e-5)


def test_features_are_the_backbones_own(tmp_path):
    model, data = new_classifier(RESNET, 2, None, 1), images(tmp_path)
    features, label = extract_features(model, data, Hardware.choose("float32", 1), "training").tensors
    with torch.no_grad():
        expected = model.eval().head(features)
        torch.testing.assert_close(model(data.read(np.arange(len(data)))), expected, rtol=1e-3, atol=1e-3)
    assert features.dtype == torch.float32 and features.shape == (17, 512)
    assert label.tolist() == data.label.tolist()


def trials_of(optimizers: list[str], rates: list[float], seed: int = 1) -> pd.DataFrame:
    """Two epochs on 21 random features of three classes."""
    torch.manual_seed(0)
    head = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.2), nn.Linear(6, 3))
    data = TensorDataset(torch.randn(21, 6), torch.arange(21) % 3)
    return search(head, data, data, optimizers, rates, epochs=2, batch_size=5, seed=seed)


def test_the_same_seed_gives_the_same_trials():
    first = trials_of(list(OPTIMIZERS), RATES)
    pd.testing.assert_frame_equal(first, trials_of(list(OPTIMIZERS), RATES), check_exact=True)
    assert not first.equals(trials_of(list(OPTIMIZERS), RATES, seed=2))


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.sampled_from(list(OPTIMIZERS)), min_size=1, unique=True),
    st.lists(st.floats(1e-5, 0.1), min_size=1, max_size=7, unique=True),
)
def test_trials_do_not_know_of_each_other(optimizers, rates):
    together = trials_of(optimizers, rates)
    assert len(together) == 2 * len(optimizers) * len(rates)
    alone = pd.concat([trials_of([optimizer], [lr]) for optimizer in optimizers for lr in rates])
    keys = ["optimizer", "lr", "epoch"]
    both = together.merge(alone, on=keys, suffixes=("", "_alone"), validate="one_to_one")
    assert len(both) == len(together)
    losses = ["loss", "valid_loss"]
    np.testing.assert_allclose(both[losses], both[[f"{name}_alone" for name in losses]], rtol=1e-3, atol=1e-5)


@given(st.lists(st.one_of(st.floats(0, 100), st.just(math.nan)), min_size=1))
def test_the_winner_has_the_lowest_validation_loss(losses):
    trials = pd.DataFrame({"epoch": range(len(losses)), "valid_loss": losses})
    if all(map(math.isnan, losses)):
        with pytest.raises(InputError, match="lower `learning_rates`"):
            winner(trials)
    else:
        found = winner(trials)
        assert found["valid_loss"] == np.nanmin(losses)
        assert found["epoch"] == losses.index(found["valid_loss"])


@pytest.mark.parametrize(("stage", "lr"), [(1, 0.005), (2, 0.005), (3, 0.0005)])
def test_stage_3_takes_a_tenth_of_the_winners_rate(stage, lr):
    tuned = dataclasses.replace(SETTINGS, stage=stage).tuned({"optimizer": "sgd", "lr": 0.005})
    assert tuned == dataclasses.replace(SETTINGS, stage=stage, optimizer="sgd", lr=pytest.approx(lr))


def test_the_workflow_searches_and_trains_with_the_winner(raw, tmp_path):
    folder = shutil.copytree(raw, tmp_path / "run")
    config = {"run": {"datasets": ["undersampled"], "backbones": ["resnet50"]}, "search": {"run": False}}
    assert "search_hyperparameters" not in output(snakemake(folder, "--dry-run", config=config))
    # A rate that no protocol has, so that the card shows where it comes from.
    config["search"] = {"run": True, "use": True, "optimizers": ["sgd", "rmsprop"], "learning_rates": [2e-4, 7e-4]}
    config["search"]["epochs"] = 2
    dry = output(snakemake(folder, "--dry-run", config=config))
    assert all(rule in dry for rule in ("search_hyperparameters", "tabulate_search", "draw_search"))
    results = folder / "results/tiny"
    models = "results/tiny/corrected/seed1/undersampled/resnet50"
    done = snakemake(folder, "search", f"{models}/stage1/model.json", config=config)
    assert done.returncode == 0, output(done)[-4000:]
    best, trials = read_json(folder / models / "search/winner.json"), pd.read_csv(folder / models / "search/trials.csv")
    assert list(trials) == ["optimizer", "lr", "epoch", *VALUES] and len(trials) == 8
    assert best["valid_loss"] == trials["valid_loss"].min() and best["backbone"] == "resnet50"
    trained = read_json(folder / models / "stage1/model.json")
    assert (trained["settings"]["optimizer"], trained["settings"]["lr"]) == (best["optimizer"], best["lr"])
    assert f"{models}/search/winner.json" in trained["inputs"]
    assert pd.read_csv(results / "tables/search.csv")["winner"].sum() == 1
    assert all((results / f"tables/search.{ending}").stat().st_size for ending in ("md", "html"))
    assert (results / "figures/corrected/seed1/resnet50/search_undersampled.svg").exists()
