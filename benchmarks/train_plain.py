"""Images per second that a plain PyTorch loop trains: `ImageFolder`, transforms an image, two workers, float32.

Measures once for every line of its input.
Usage: python train_plain.py FOLDER BACKBONE STAGE WARM_UP BATCHES
"""

import itertools
import sys
import time

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

LAST_BLOCK = {"efficientnet_b0": ("features.7", "features.8"), "resnet50": ("layer4",)}


def classifier(backbone: str, stage: int) -> nn.Module:
    base = models.get_model(backbone, weights=None)
    name, features = ("fc", 2048) if backbone == "resnet50" else ("classifier", 1280)
    setattr(base, name, nn.Identity())
    base.requires_grad_(stage == 3)
    for module in LAST_BLOCK[backbone] if stage == 2 else ():
        base.get_submodule(module).requires_grad_(True)
    return nn.Sequential(base.eval(), nn.BatchNorm1d(features), nn.Dropout(0.2), nn.Linear(features, 8))


def main(folder: str, backbone: str, stage: int, warm_up: int, batches: int) -> None:
    torch.manual_seed(0)
    change = transforms.Compose(
        [
            transforms.RandomAffine(30, (0.2, 0.2), (0.55, 1.45), interpolation=transforms.InterpolationMode.BILINEAR),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=0.2),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    loader = DataLoader(datasets.ImageFolder(folder, change), 32, shuffle=True, num_workers=2, drop_last=True)
    model = classifier(backbone, stage)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    for _ in sys.stdin:
        for number, (images, labels) in enumerate(itertools.islice(loader, warm_up + batches)):
            if number == warm_up:
                start = time.perf_counter()
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(32 * batches / (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
