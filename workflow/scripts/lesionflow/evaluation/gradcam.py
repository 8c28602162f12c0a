"""Grad-CAM: which part of an image spoke for a class (Selvaraju et al. 2017, arXiv:1610.02391), by captum."""

from collections import Counter

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

PLACES = 4  # a side: fewer hardly tell one place from another


def last_map(backbone: nn.Module, size: int) -> nn.Module:
    """The module that gives the last feature map [n, channels, h, w], which is what global pooling receives.

    Of images of `size` pixels. Maps of fewer than PLACES × PLACES places, as of small images, are passed over. A
    vision transformer has no such map after that of its patches, which is then taken.
    """
    found, calls = [], Counter()

    def see(module: nn.Module, _: tuple, output: torch.Tensor) -> None:
        calls[module] += 1
        if isinstance(output, torch.Tensor) and output.ndim == 4 and output.shape[2] == output.shape[3] >= PLACES:
            found.append(module)

    hooks = [module.register_forward_hook(see) for module in backbone.modules()]
    try:
        with torch.no_grad():
            backbone.eval()(torch.zeros(1, 3, size, size))
    finally:
        for hook in hooks:
            hook.remove()
    return [module for module in found if calls[module] == 1][-1]  # one that is called again has other outputs too


def grad_cam(model: nn.Module, layer: nn.Module, pixels: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """How much each place of each image spoke for its class: float32 [n, h, w], the weakest place 0, the strongest 1.

    `model` maps `pixels` [n, 3, h, w] to scores [n, classes], `layer` is from `last_map`, `target` holds class numbers
    [n]. Without the ReLU of the paper: batch normalisation in the head shifts a map by a constant, so that its zero
    says nothing, and often all of it would be cut off. All zero where no place differs from another.
    """
    model.eval()

    def against_others(images: torch.Tensor) -> torch.Tensor:
        scores = model(images)
        return scores - scores.mean(dim=1, keepdim=True)  # softmax does not see what all classes share

    maps = LayerGradCam(against_others, layer).attribute(pixels, target=target)
    maps = LayerAttribution.interpolate(maps, tuple(pixels.shape[2:]), "bilinear")[:, 0].detach()
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=torch.finfo(maps.dtype).tiny)
