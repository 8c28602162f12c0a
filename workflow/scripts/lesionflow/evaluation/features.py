"""The features and logits that a trained network computes of images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from lesionflow.data.shards import read_shard
from lesionflow.data.store import Samples, Store
from lesionflow.evaluation.outputs import Outputs
from lesionflow.files import InputError
from lesionflow.training.backbones import Classifier
from lesionflow.training.engine import predict
from lesionflow.training.folding import fold_normalisation
from lesionflow.training.hardware import Hardware


def all_images(pixels: Sequence[str | Path], tables: Sequence[str | Path]) -> Store:
    """Open a store of all packed images of a collection that could be read, whatever their labels say."""
    packed = [read_shard(table).query("status == 'ok'").assign(shard=Path(table).stem) for table in tables]
    shards = ({Path(path).stem: path for path in paths} for paths in (pixels, tables))
    return Store(pd.concat(packed, ignore_index=True), *shards)


def compute_outputs(model: Classifier, parts: Mapping[str, Samples], hardware: Hardware) -> dict[str, Outputs]:
    """Return the outputs for each part. Freezes `model`, moves it to the hardware and takes its last layer off.

    Features are what enters the last layer. Raises InputError if one is not finite.
    """
    size = next(iter(parts.values())).store.size
    headless = fold_normalisation(hardware.place(model).requires_grad_(False), size)
    last = headless.head[-1]
    assert isinstance(last, nn.Linear)
    weight, bias = (each.float().cpu().numpy() for each in (last.weight, last.bias))
    headless.head[-1] = nn.Identity()
    outputs = {}
    for name, images in parts.items():
        features = predict(headless, images, hardware)
        if not np.isfinite(features).all():
            raise InputError("The model's output is not finite: its weights are faulty, train it again.")
        image = images.store.names[images.image].to_numpy(str)
        outputs[name] = Outputs(features, features @ weight.T + bias, images.label, image)
    return outputs
