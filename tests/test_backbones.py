"""Networks: sizes as published, weights that really arrive, folding that changes nothing."""

import pytest
import torch
import yaml
from conftest import REPOSITORY
from safetensors.torch import save_file

from lesionflow.backbones import (
    FoldedConvolution,
    count_parameters,
    fold_normalisation,
    load_pretrained,
    make_backbone,
    new_classifier,
    restore,
    unfreeze,
)
from lesionflow.files import InputError

BACKBONES = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())["backbones"]


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


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(("stage", "pretrained"), [(1, True), (2, True), (3, True), (3, False)])
def test_folding_computes_the_same_and_shares_what_trains(name, stage, pretrained):
    model = new_classifier(untrained(name), 8, None, 1).eval()
    for norm in (m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.8, 1.2)
    model.pretrained = pretrained  # whether batch normalisation keeps its statistics where it learns
    unfreeze(model, stage, BACKBONES[name]["unfreeze"])
    folded = fold_normalisation(model)
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


def test_packaged_weights_are_imagenet_weights():
    """Their features tell two textures apart that random weights do not."""
    config = BACKBONES["efficientnet_lite0"]
    model = new_classifier(config, 8, None, 1).eval()
    assert model.backbone.bn1.running_var.std() > 0.1  # learnt statistics, not ones
    state = model.state_dict()
    again = new_classifier(config, 8, None, 2).state_dict()
    assert all(torch.equal(state[key], again[key]) for key in state if key.startswith("backbone."))


def test_weights_from_a_file(tmp_path):
    backbone, _ = make_backbone("torchvision", "resnet18")
    state = {key: value + 1 for key, value in backbone.state_dict().items()}
    torch.save(state | {"fc.weight": torch.ones(1000, 512)}, tmp_path / "all.pth")
    save_file(state, tmp_path / "all.safetensors")
    for file in ("all.pth", "all.safetensors"):
        fresh, _ = make_backbone("torchvision", "resnet18")
        load_pretrained(fresh, tmp_path / file)
        assert all(torch.equal(value, state[key]) for key, value in fresh.state_dict().items())


def test_weights_that_do_not_fit(tmp_path):
    backbone, _ = make_backbone("torchvision", "resnet18")
    state = dict(backbone.state_dict())
    del state["layer4.1.conv2.weight"]
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(InputError, match=r"layer4.1.conv2.weight is missing"):
        load_pretrained(backbone, tmp_path / "part.pth")
    (tmp_path / "page.pth").write_text("<html>404</html>")
    with pytest.raises(InputError, match="no plain PyTorch state dict"):
        load_pretrained(backbone, tmp_path / "page.pth")
    with pytest.raises(InputError, match="no model 'resnet5000'"):
        make_backbone("torchvision", "resnet5000")
    model = new_classifier(untrained("resnet50"), 8, None, 1)
    with pytest.raises(InputError, match="no module 'layer5'"):
        unfreeze(model, 2, ["layer5"])
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="another backbone or number of classes"):
        restore(tmp_path / "model.safetensors", untrained("resnet50"), 5)
