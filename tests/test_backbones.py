"""Networks: sizes as published, weights that really arrive, folding that changes nothing."""

import socket

import pytest
import torch
import yaml
from helpers import BACKBONES, REPOSITORY

from lesionflow.files import InputError
from lesionflow.training.backbones import (
    count_parameters,
    make_backbone,
    new_classifier,
    unfreeze,
)
from lesionflow.training.folding import FoldedConvolution, fold_normalisation


def untrained(name: str) -> dict:
    return {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], **BACKBONES[name], "weights": "none"}


@pytest.mark.parametrize(
    ("name", "stage", "trainable"),
    [("efficientnet_b0", 1, 12_808), ("efficientnet_b0", 3, 4_020_356), ("resnet50", 1, 20_488)],
)
def test_trainable_parameters(name, stage, trainable):
    model = new_classifier(untrained(name), 8, None, 1)
    unfreeze(model, stage, BACKBONES[name]["unfreeze"])
    assert count_parameters(model)[0] == trainable


def test_published_parameters_of_stage_2():
    """1,361,208: the printed number, which only these layers and a resting batch normalisation of the head give."""
    published = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())["protocols"]["as_published"]
    model = new_classifier(untrained("efficientnet_b0"), 8, None, 1)
    unfreeze(model, 2, published["unfreeze"]["efficientnet_b0"], published["freeze_head_norm"])
    assert count_parameters(model)[0] == 1_361_208


@pytest.mark.workflow
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(("stage", "pretrained"), [(1, True), (2, True), (3, True), (3, False)])
def test_folding_computes_the_same_and_shares_what_trains(name, stage, pretrained):
    model = new_classifier(untrained(name), 8, None, 1).eval()
    for norm in (m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.8, 1.2)
    model.pretrained = pretrained  # whether batch normalisation keeps its statistics where it learns
    unfreeze(model, stage, BACKBONES[name]["unfreeze"])
    folded = fold_normalisation(model, 64)
    pixels = 255 * torch.rand(2, 3, 64, 64)
    trains = [p for p in model.parameters() if p.requires_grad]
    assert {id(p) for p in folded.parameters() if p.requires_grad} == {id(p) for p in trains}
    logits = [network(pixels) for network in (folded, model)]
    torch.testing.assert_close(*logits, rtol=1e-3, atol=1e-3)
    for own, plain in zip(*(torch.autograd.grad(some.square().mean(), trains) for some in logits), strict=True):
        torch.testing.assert_close(own, plain, rtol=1e-2, atol=1e-3 * float(plain.abs().max()) + 1e-7)
    norms = [sum(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules()) for net in (model, folded)]
    fixed = sum(isinstance(m, FoldedConvolution) for m in folded.modules())
    assert fixed == 0 if stage == 1 or not pretrained else fixed > 0
    assert norms[1] == norms[0] if stage == 3 else norms[1] < norms[0] / 2


@pytest.mark.parametrize(
    ("library", "architecture"),
    [
        ("torchvision", "resnet5000"),
        ("torchvision", "fasterrcnn_resnet50_fpn"),
        ("torchvision", "deeplabv3_resnet50"),
        ("torchvision", "quantized_resnet50"),
        ("torchvision", "squeezenet1_0"),
        ("timm", "resnet5000"),
        ("timm", "hf-hub:evil/model"),
        ("timm", "hf_hub:evil/model"),
        ("timm", "HF-HUB:evil/model"),
        ("timm", "local-dir:/tmp"),
        ("timm", "https://example.org/model"),
        ("timm", "timm/resnet18"),
        ("timm", "resnet18.hf-hub:evil/model"),
        ("timm", ""),
    ],
)
def test_no_architecture_reaches_the_network(monkeypatch, library, architecture):
    def connect(*arguments):
        raise AssertionError("the network was tried")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    with pytest.raises(InputError, match="architecture"):
        make_backbone(library, architecture)


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("library", "architecture", "size"),
    [("timm", "vit_tiny_patch16_224", 224), ("timm", "mobilenetv3_small_050", 64), ("torchvision", "swin_t", 64)],
)
def test_backbones_of_other_kinds(library, architecture, size):
    config = untrained("resnet50") | {"library": library, "architecture": architecture}
    model = new_classifier(config, 3, None, 1)
    assert fold_normalisation(model, size)(torch.ones(2, 3, size, size)).shape == (2, 3)


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("library", "architecture", "size"), [("timm", "vit_tiny_patch16_224", 64), ("torchvision", "inception_v3", 64)]
)
def test_backbones_that_do_not_take_the_image_size(library, architecture, size):
    config = untrained("resnet50") | {"library": library, "architecture": architecture}
    with pytest.raises(InputError, match="cannot be used for images of 64 × 64 pixels"):
        fold_normalisation(new_classifier(config, 3, None, 1), size)


def test_modules_that_are_not_there():
    model = new_classifier(untrained("resnet50"), 8, None, 1)
    with pytest.raises(InputError, match="no module 'layer5'"):
        unfreeze(model, 2, ["layer5"])
