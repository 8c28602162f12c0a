"""Networks: a backbone with pretrained weights, and a classification head."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import nn

from lesionflow.files import InputError, first_line
from lesionflow.training.weight_files import load_pretrained, load_state, save_state, weights_in_package


class Classifier(nn.Module):
    """Images [n, 3, h, w] (0 to 255) → logits [n, classes].

    Backbone with global average pooling → batch normalisation → dropout 0.2 → linear.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, backbone: nn.Module, features: int, classes: int, config: Mapping):
        super().__init__()
        self.backbone = backbone
        self.pretrained = config["weights"] != "none"
        self.head = nn.Sequential(nn.BatchNorm1d(features), nn.Dropout(0.2), nn.Linear(features, classes))
        # The range a backbone was trained on is not a trainable parameter.
        mean, std = (torch.tensor(config[key])[:, None, None] for key in ("mean", "std"))
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(torch.addcmul(self.shift, pixels, self.scale)).float())


def make_backbone(library: str, architecture: str) -> tuple[nn.Module, int]:
    """Return an untrained backbone, images → pooled features [n, features], and the number of features.

    Needs no internet: models of timm by name, never by URL; of torchvision only classifiers. Raises InputError if
    there is no such model, or it cannot be used.
    """
    classify = torchvision.models.list_models(module=torchvision.models)
    if not (timm.is_model(architecture) if library == "timm" else architecture.lower() in classify):
        raise InputError(f"{library} has no model {architecture!r}: check `architecture` of the backbone.")
    try:
        if library == "timm":
            model: Any = timm.create_model(architecture, pretrained=False, num_classes=0)
            return model, getattr(model, "head_hidden_size", model.num_features)
        model = torchvision.models.get_model(architecture, weights=None)
        if hasattr(model, "avgpool"):
            model.avgpool = nn.AdaptiveAvgPool2d(1)
        name, last = list(model.named_children())[-1]
        linear = [layer for layer in last.modules() if isinstance(layer, nn.Linear)]
        if not linear:
            raise ValueError("it has no linear classifier")
    except (RuntimeError, ValueError, TypeError) as error:
        raise InputError(
            f"{library}'s {architecture!r} cannot be a backbone ({first_line(error)}): choose another `architecture`."
        ) from None
    features = linear[0].in_features
    if architecture.startswith("vgg"):
        features //= 7 * 7  # VGG's classifier takes a map of 7 × 7; here it is pooled
    setattr(model, name, nn.Identity())
    return model, features


def new_classifier(config: Mapping, classes: int, weights: Path | None, seed: int) -> Classifier:
    """Return a classifier with the backbone of `config`, pretrained unless its `weights` are `none`."""
    torch.manual_seed(seed)
    backbone, features = make_backbone(config["library"], config["architecture"])
    if config["weights"].startswith("package:"):
        weights = weights_in_package(config["weights"].removeprefix("package:"))
    if config["weights"] != "none":
        assert weights is not None
        load_pretrained(backbone, weights)
    return Classifier(backbone, features, classes, config)


def save(model: Classifier, path: Path) -> None:
    """Write the complete state of a model."""
    save_state(model.state_dict(), path)


def restore(path: Path, config: Mapping, classes: int) -> Classifier:
    """Return the classifier whose state `save` wrote to `path`; raises InputError if the state does not fit."""
    backbone, features = make_backbone(config["library"], config["architecture"])
    model = Classifier(backbone, features, classes, config)
    state = load_state(path)
    try:
        model.load_state_dict(state)
    except RuntimeError:  # which lists every tensor
        raise InputError(
            f"{path} is not a model with the backbone {config['architecture']} and {classes} "
            "classes: use the config that it was trained with, or train it again."
        ) from None
    return model


def unfreeze(model: Classifier, stage: int, modules: Sequence[str], freeze_head_norm: bool = False) -> None:
    """Unfreeze the head in stage 1, also the backbone's `modules` in stage 2, and everything in stage 3.

    With `freeze_head_norm` the head's batch normalisation is frozen in stage 2, as it was in the study.
    """
    model.requires_grad_(True)
    model.head[0].requires_grad_(not (freeze_head_norm and stage == 2))
    model.backbone.requires_grad_(stage == 3)
    for name in modules if stage == 2 else ():
        try:
            model.backbone.get_submodule(name).requires_grad_(True)
        except AttributeError:
            raise InputError(f"The backbone has no module {name!r}: correct `unfreeze` of the backbone.") from None


def modules_in_train_mode(model: Classifier) -> list[nn.Module]:
    """Return the modules in training mode while `model` trains: dropout and batch normalisation of its head.

    The backbone's batch normalisation keeps its pretrained statistics in all stages. In the unfrozen part of a backbone
    without pretrained weights, which has none, it estimates them from the images.
    """
    norms = [m for m in model.backbone.modules() if isinstance(m, nn.BatchNorm2d) and not model.pretrained]
    return [model.head[1], *(norm for norm in [model.head[0], *norms] if norm.weight.requires_grad)]


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Return the numbers of trainable and of all parameters."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trains in sizes if trains), sum(n for n, _ in sizes)
