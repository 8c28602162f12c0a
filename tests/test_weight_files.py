"""Files of weights: pretrained ones, our own, and damaged ones."""

import argparse
import pickle
from pathlib import Path

import pytest
import torch
from helpers import BACKBONES
from safetensors.torch import save_file

from lesionflow.files import InputError
from lesionflow.training.backbones import (
    make_backbone,
    new_classifier,
    restore,
    save,
)
from lesionflow.training.weight_files import load_pretrained, read_weights


def right_answers(config: dict) -> float:
    """Share of textures that a nearest class mean of a backbone's features names, on textures it was not taken of.

    A texture is noise smoothed along one of six directions, shifted and scaled to one mean and spread.
    """
    random, size = torch.Generator().manual_seed(0), 64
    y, x = torch.meshgrid(torch.arange(-6, 7), torch.arange(-6, 7), indexing="ij")
    turns = [angle * torch.pi / 6 for angle in torch.arange(6)]
    across = [x * torch.sin(turn) - y * torch.cos(turn) for turn in turns]
    kernels = torch.stack([(-((each / 0.8) ** 2)).exp() for each in across])[:, None]
    noise = torch.randn(20, 1, size + 12, size + 12, generator=random)
    textures = torch.nn.functional.conv2d(noise, kernels).flatten(0, 1)[:, None]  # image by image, six directions each
    textures = textures - textures.mean(dim=(2, 3), keepdim=True)
    pixels = (128 + 40 * textures / textures.std(dim=(2, 3), keepdim=True)).clamp(0, 255).expand(-1, 3, -1, -1)
    model = new_classifier(config, 8, None, 1).eval()
    with torch.no_grad():
        features = model.backbone(torch.addcmul(model.shift, pixels, model.scale)).unflatten(0, (20, 6))
    means = features[:10].mean(dim=0)
    nearest = torch.cdist(features[10:].flatten(0, 1), means).argmin(dim=1)
    return (nearest == torch.arange(6).repeat(10)).float().mean().item()


@pytest.mark.workflow
def test_packaged_weights_are_imagenet_weights():
    """Their features tell textures apart, of one mean and spread, that those of random weights mostly mix up."""
    config = BACKBONES["efficientnet_lite0"]
    state, again = (new_classifier(config, 8, None, seed).state_dict() for seed in (1, 2))
    assert all(torch.equal(state[key], again[key]) for key in state if key.startswith("backbone."))
    assert right_answers(config) > 0.7 > 0.5 > right_answers(config | {"weights": "none"})


def test_weights_from_a_file(tmp_path):
    backbone, _ = make_backbone("torchvision", "resnet18")
    state = {key: value + 1 for key, value in backbone.state_dict().items()}
    torch.save(state | {"fc.weight": torch.ones(1000, 512)}, tmp_path / "all.pth")
    save_file(state, tmp_path / "all.safetensors")
    for file in ("all.pth", "all.safetensors"):
        fresh, _ = make_backbone("torchvision", "resnet18")
        load_pretrained(fresh, tmp_path / file)
        assert all(torch.equal(value, state[key]) for key, value in fresh.state_dict().items())


class Hostile:
    """A pickle that leaves a file if it is loaded."""

    def __reduce__(self):
        return (open, ("it_ran", "w"))


def weights_file(path: Path, value) -> Path:
    path.write_bytes(value) if isinstance(value, bytes) else torch.save(value, path)
    return path


STATE = make_backbone("torchvision", "resnet18")[0].state_dict()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"epoch": 3, "state_dict": state},
        lambda state: {"model": state, "optimizer": {"state": {}}},
        lambda state: {"model": {"state_dict": state}},
        lambda state: {"epoch": 3} | state,
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"state_dict": {f"model.backbone.{key}": value for key, value in state.items()}},
        lambda state: {f"backbone.{key}": value for key, value in state.items()} | {"head.weight": torch.ones(3)},
        lambda state: {f"a.{key}": value - 1 for key, value in state.items()} | state,
    ],
)
def test_usual_checkpoints_are_taken(tmp_path, wrap):
    state = {key: value + 1 for key, value in STATE.items()}
    fresh, _ = make_backbone("torchvision", "resnet18")
    load_pretrained(fresh, weights_file(tmp_path / "some.pth", wrap(state)))
    assert all(torch.equal(value, state[key]) for key, value in fresh.state_dict().items())


LOOP = {}


LOOP["model"] = LOOP


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html>\n<html>404</html>", "it is a web page"),
        (b"\n\0garbage" * 99, "it holds something other than tensors|it is truncated"),
        (pickle.dumps(Hostile()), "it holds something other than tensors|it is truncated"),
    ],
)
def test_files_that_hold_no_weights(tmp_path, monkeypatch, ending, value, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        read_weights(weights_file(tmp_path / f"some.{ending}", value))
    text = str(caught.value)
    assert "weights_only" not in text and "\n" not in text and not Path("it_ran").exists()
    assert (tmp_path / f"some.{ending}").exists(), "what the user gave is never removed"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Hostile(), r"it holds Python code or objects \(.*open\)"),
        ({"state_dict": STATE, "args": argparse.Namespace()}, r"Python code or objects \(argparse.Namespace\)"),
        ([torch.ones(3)], "holds a list without named tensors"),
        (torch.ones(3), "holds a Tensor without named tensors"),
        ({"model": "resnet18"}, "holds a dict without named tensors"),
        (LOOP, "holds a dict without named tensors"),
    ],
)
def test_pytorch_files_that_hold_no_weights(tmp_path, monkeypatch, value, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said) as caught:
        read_weights(weights_file(tmp_path / "some.pth", value))
    assert "weights_only" not in str(caught.value) and not Path("it_ran").exists()


def test_cut_weights(tmp_path):
    path = weights_file(tmp_path / "some.pth", STATE)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="it is truncated, damaged or of another format"):
        read_weights(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda state: {key: value for key, value in state.items() if key != "conv1.weight"},
            "conv1.weight is missing",
        ),
        (lambda state: state | {"bn1.bias": torch.ones(3)}, "bn1.bias is missing or has another shape"),
        (lambda state: dict(make_backbone("torchvision", "resnet34")[0].state_dict()), "larger backbone.*layer1.2.bn1"),
        # Nothing by name, and by order the statistics of batch normalisation in the place of its weights.
        (
            lambda state: {f"x{n}.{key.split('.')[-1]}": state[key] for n, key in enumerate(sorted(state))},
            "conv1.weight is missing",
        ),
        (
            lambda state: {f"{net}.{key}": state[key] for net in ("student", "teacher") for key in state},
            "more than one",
        ),
    ],
)
def test_weights_that_do_not_fit(tmp_path, change, said):
    backbone, _ = make_backbone("torchvision", "resnet18")
    with pytest.raises(InputError, match=said):
        load_pretrained(backbone, weights_file(tmp_path / "other.pth", change(STATE)))


RESNET18 = {
    "library": "torchvision",
    "architecture": "resnet18",
    "weights": "none",
    "mean": [0.5] * 3,
    "std": [0.5] * 3,
}


@pytest.fixture(scope="module")
def model_bytes(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save(new_classifier(RESNET18, 3, None, 1), path)
    return path.read_bytes()


def test_models_of_another_backbone_or_number_of_classes(tmp_path, model_bytes):
    path = tmp_path / "model.safetensors"
    path.write_bytes(model_bytes)
    restore(path, RESNET18, 3)
    for config, classes in [(RESNET18, 5), (RESNET18 | {"architecture": "resnet34"}, 3)]:
        with pytest.raises(InputError, match=r"is not a model with the backbone \w+ and \d+ classes") as caught:
            restore(path, config, classes)
        assert len(str(caught.value)) < 300 and path.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:5],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"\0" * len(data),
        lambda data: pickle.dumps(Hostile()),
        lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        lambda data: data.replace(b'"sha256":"', b'"sha256":"0', 1).replace(b'"}', b"}", 1),
    ],
)
@pytest.mark.parametrize("ours", [True, False])
def test_a_damaged_model_is_never_used(tmp_path, monkeypatch, model_bytes, damage, ours):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    path = Path("results/model.safetensors")
    path.write_bytes(damage(model_bytes))
    with pytest.raises(InputError, match=r"model.safetensors is damaged") as caught:
        restore(path if ours else path.absolute(), RESNET18, 3)
    assert "\n" not in str(caught.value) and path.exists() != ours and not Path("it_ran").exists()
