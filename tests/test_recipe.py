"""Optimizers and losses: every one of them trains, in the engine and in the search."""

import numpy as np
import pytest
import torch

from lesionflow.training.engine import loss_and_accuracy, train_step
from lesionflow.training.hardware import Hardware
from lesionflow.training.recipe import LOSSES, OPTIMIZERS, Settings

LOGITS = torch.tensor([[2.0, -1.0, 0.0], [0.5, 0.5, 3.0], [-1.0, 0.0, 1.0], [4.0, 0.0, 0.0]])
LABEL = torch.tensor([0, 2, 1, 2])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_loss_of_a_batch_is_the_mean_over_its_images(loss):
    each = loss(LOGITS, LABEL, reduction="none")
    assert each.shape == (4,) and torch.isclose(loss(LOGITS, LABEL), each.mean())


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_loss_is_lower_for_the_right_class(loss):
    right, wrong = loss(10 * torch.eye(3), torch.arange(3)), loss(-10 * torch.eye(3), torch.arange(3))
    assert 0 <= right < wrong


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_lowers_the_loss_that_the_settings_name(loss, optimizer):
    torch.manual_seed(0)
    model, pixels = torch.nn.Linear(5, 3), torch.randn(4, 5)
    hardware = Hardware(torch.device("cpu"), torch.float32)
    adapt = OPTIMIZERS[optimizer](model.parameters(), lr=0.01)
    losses = [train_step(model, adapt, loss, pixels, LABEL, hardware, hardware.scaler())[0].item() for _ in range(20)]
    assert losses[-1] < losses[0]
    assert losses[0] / 4 != pytest.approx(losses[-1] / 4)


def test_validation_reports_the_mean_of_the_loss_that_it_is_given(monkeypatch):
    monkeypatch.setitem(LOSSES, "halved", lambda *batch, **how: LOSSES["cross_entropy"](*batch, **how) / 2)
    logits, label = LOGITS.numpy(), LABEL.numpy()
    whole, half = (loss_and_accuracy(logits, label, loss) for loss in ("cross_entropy", "halved"))
    shifted = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert whole[0] == pytest.approx(-np.log(shifted[np.arange(4), label]).mean(), rel=1e-5)
    assert half == (pytest.approx(whole[0] / 2), 0.5)


def test_settings_have_the_loss_of_the_training():
    protocol = {"optimizer": "adam", "batch_size": 8, "patience": 3, "keep": "best"}
    stage = {"epochs": 1, "lr": 0.1, "augment": False}
    assert Settings.from_config(protocol, stage, 1, 1).loss == "cross_entropy"
    assert Settings.from_config(protocol, stage, 1, 1, "halved").loss == "halved"
