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
