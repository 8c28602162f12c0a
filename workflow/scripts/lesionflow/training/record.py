"""The record of a training (model.json): what determines its result, and its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from lesionflow.environment import container, versions
from lesionflow.training.backbones import Classifier, count_parameters
from lesionflow.training.recipe import Settings
from lesionflow.training.resume import Progress

OF_PROTOCOL = ("resize", "leaky")


def identity(
    wildcards: Mapping[str, str],
    classes: Sequence[str],
    backbone: Mapping,
    protocol: Mapping,
    settings: Settings,
    **facts: Any,
) -> dict:
    """Return everything that determines the result of a training; an interrupted one resumes only if it is unchanged.

    `backbone` and `protocol` are from the config; `facts` are everything else: device, digests of code and inputs.
    """
    return {
        **wildcards,
        "weights": backbone["weights"],
        "classes": classes,
        **{key: protocol[key] for key in OF_PROTOCOL},
        "settings": asdict(settings),
        "backbone_settings": backbone,
        **facts,
    }


def outcome(done: Progress, model: Classifier, training: pd.DataFrame) -> dict:
    """Return the outcome of a finished training and its software; `training` is the training list."""
    trainable, total = count_parameters(model)
    return {
        "versions": versions(),
        "container": container(),
        "best_epoch": done.best_epoch,
        "epochs": done.epoch,
        "time_s": round(done.seconds, 1),
        "params_trainable": trainable,
        "params_total": total,
        "training_images": len(training),
        "training_synthetic": int(training["neighbour"].notna().sum()),
    }
