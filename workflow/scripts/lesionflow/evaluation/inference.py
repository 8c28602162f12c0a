"""Inference: class probabilities of images from a trained model."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax

from lesionflow.data.store import Samples
from lesionflow.files import InputError
from lesionflow.training.backbones import Classifier
from lesionflow.training.engine import predict
from lesionflow.training.folding import fold_normalisation
from lesionflow.training.hardware import Hardware


def predict_table(model: Classifier, images: Samples, classes: Sequence[str], hardware: Hardware) -> pd.DataFrame:
    """Predict class probabilities: a table of image and one column per class.

    Freezes `model` and moves it to the hardware. Raises InputError if the output is not finite.
    """
    hardware.place(model).requires_grad_(False)
    logits = predict(fold_normalisation(model, images.store.size), images, hardware)
    if not np.isfinite(logits).all():
        raise InputError(
            "The model's output is not finite: check `mean` and `std` of its backbone, or use another model."
        )
    table = pd.DataFrame(softmax(logits, axis=1), columns=classes)
    table.insert(0, "image", images.store.names[images.image])
    return table
