"""How much of the work of a training is in convolutions whose gradients are slow in bfloat16."""

import torch
from torch import nn

from lesionflow.training.folding import try_out


def depthwise_share(model: nn.Module, size: int) -> float:
    """Return the share (0 to 1) of trained 5 × 5 depthwise convolutions in the multiplications of a forward pass.

    Leaves `model` in evaluation mode. Raises InputError if it does not accept images of `size` × `size` pixels.
    """
    work = {True: 0, False: 0}

    def count(layer: nn.Module, _: tuple, output: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        depthwise = isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1
        slow = depthwise and layer.kernel_size == (5, 5) and layer.weight.requires_grad
        work[slow] += output.numel() * layer.weight[0].numel()

    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        try_out(model.eval(), torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return work[True] / sum(work.values())
