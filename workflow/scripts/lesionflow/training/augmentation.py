"""Random changes to training images: rotation, shift, zoom, flip and brightness, on whole batches."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes to training images, equal in distribution to Keras' ImageDataGenerator."""

    rotation: float  # degrees to either side
    shift: float  # fraction of the side, in both axes
    zoom: tuple[float, float]  # of the field of view, drawn for each axis
    flip: bool  # left to right
    brightness: tuple[float, float]  # factor

    def draw(self, n: int, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw affine maps [n, 2, 3] from output to input, in units of half a side, and brightness factors [n]."""

        def uniform(low: float, high: float) -> torch.Tensor:
            return torch.empty(n).uniform_(low, high, generator=random)

        angle = uniform(-self.rotation, self.rotation) * (math.pi / 180)
        shift = torch.stack([uniform(-self.shift, self.shift) for _ in "xy"], 1) * 2
        zoom = torch.stack([uniform(*self.zoom) for _ in "xy"], 1)
        if self.flip:
            zoom[:, 0] *= torch.where(torch.rand(n, generator=random) < 0.5, -1.0, 1.0)
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(n, 2, 2)
        # Keras composes rotation · shift · zoom about the centre, and maps output to input.
        affine = torch.cat([turn * zoom[:, None, :], turn @ shift[:, :, None]], 2)
        return affine, uniform(*self.brightness)


def sampling_grid(affine: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return the source position of each output pixel, [n, h, w, 2] in units of half a side; `affine` is [n, 2, 3].

    Equals `F.affine_grid` with align_corners=False, which multiplies matrices of three columns and takes eight times
    as long on a CPU.
    """
    x, y = ((2 * torch.arange(side, device=affine.device) + 1) / side - 1 for side in (width, height))
    rows = torch.addcmul(affine[:, :, 2, None], affine[:, :, 1, None], y)
    return torch.addcmul(rows[:, :, :, None], affine[:, :, 0, None, None], x).permute(0, 2, 3, 1)


def augment(pixels: torch.Tensor, affine: torch.Tensor, brightness: torch.Tensor) -> torch.Tensor:
    """Warp float images [n, 3, h, w], 0 to 255 (bilinear, edges replicated), and scale their brightness."""
    grid = sampling_grid(affine, *pixels.shape[2:])
    warped = F.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return warped.mul_(brightness[:, None, None, None]).clamp_(0, 255)
