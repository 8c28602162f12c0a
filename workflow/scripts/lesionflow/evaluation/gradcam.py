"""Grad-CAM: image regions that support a class (Selvaraju et al. 2017, arXiv:1610.02391), by captum."""

from collections import Counter

import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

PLACES = 4  # per side: coarser maps hardly localise anything


def last_map(backbone: nn.Module, size: int) -> nn.Module:
    """Return the module that computes the last feature map [n, channels, h, w], the input of global pooling.

    `size` is that of the images in pixels. Maps smaller than PLACES × PLACES, as of small images, are skipped. Vision
    transformers have only the map of their patch embedding.
    """
    found: list[nn.Module] = []
    calls: Counter[nn.Module] = Counter()

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
    return [module for module in found if calls[module] == 1][-1]  # modules called repeatedly have several outputs


def grad_cam(model: nn.Module, layer: nn.Module, pixels: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return class attribution maps, float32 [n, h, w], scaled per image to 0 (lowest) to 1 (highest).

    `model` maps `pixels` [n, 3, h, w] to scores [n, classes], `layer` is from `last_map`, `target` holds class numbers
    [n]. The ReLU of the paper is omitted: batch normalisation in the head shifts maps by a constant, so their zero is
    arbitrary and the ReLU often removes everything. Constant maps are all zero.
    """
    model.eval()

    def against_others(images: torch.Tensor) -> torch.Tensor:
        scores = model(images)
        return scores - scores.mean(dim=1, keepdim=True)  # softmax ignores what all classes share

    maps = LayerGradCam(against_others, layer).attribute(pixels, target=target)
    maps = LayerAttribution.interpolate(maps, tuple(pixels.shape[2:]), "bilinear")[:, 0].detach()
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=torch.finfo(maps.dtype).tiny)
