"""Folding of batch normalisation into convolutions, which saves a pass over each feature map."""

import copy
import itertools

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lesionflow.files import InputError, first_line
from lesionflow.training.backbones import Classifier


class FoldedConvolution(nn.Module):
    """A convolution folded with the batch normalisation after it, whose statistics are fixed; both stay trainable."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d):
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        conv, norm = self.conv, self.norm
        mean, variance = norm.running_mean, norm.running_var
        assert mean is not None and variance is not None
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        shift = -mean if conv.bias is None else conv.bias - mean
        folded = {"weight": conv.weight * scale[:, None, None, None], "bias": norm.bias + shift * scale}
        return functional_call(conv, folded, x)


def fold_normalisation(model: Classifier, size: int) -> Classifier:
    """Return a copy for computing, with the same trainable parameters and fixed batch normalisations folded.

    If the batch normalisation registered after a convolution keeps its statistics, because both are frozen or
    because the backbone is pretrained, they become one convolution, which saves a pass over the feature map,
    forward and backward. A backbone that does not compute its layers in the order of their registration is left
    unchanged. Leaves both in evaluation mode. Raises InputError if the model does not accept images of `size` × `size`
    pixels.
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
    probe = 255 * torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)).to(model.scale.device)
    with torch.no_grad():
        expected = try_out(model.eval(), probe)
        same = torch.allclose(expected, folded(probe), rtol=1e-3, atol=1e-3)
    return folded if same else model


def try_out(model: nn.Module, probe: torch.Tensor) -> torch.Tensor:
    """Return the output of `model` for images; raises InputError if its architecture does not accept them."""
    try:
        return model(probe)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, ValueError) as error:  # networks check their input in many ways
        raise InputError(
            f"The backbone cannot be used for images of {probe.shape[-1]} × {probe.shape[-1]} pixels "
            f"({first_line(error)}): change `image_size`, or `architecture` of the backbone."
        ) from None
