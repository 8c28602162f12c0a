"""Figures 3.10 and 3.11 of the thesis: a model and the stages of its training, counted on the model itself."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from lesionflow.report.figures.panels import save_numbered
from lesionflow.stages import STAGES
from lesionflow.training.backbones import Classifier, count_parameters, unfreeze

LARGE = 0.8  # fraction of the backbone's parameters above which a module is shown by those in it
BACKBONE, HEAD, TRAINS, RESTS = "#cfe6f5", "#fbe3b3", "#8cc4ea", "#eeeeee"


def layer_groups(model: Classifier) -> dict[str, list[nn.Parameter]]:
    """Return parameters by group of layers, from image to classes; every parameter is in one group.

    Groups are the modules of the backbone (if one contains nearly everything, its submodules), then the three layers of
    the head.
    """
    whole, found = count_parameters(model.backbone)[1], {}

    def collect(prefix: str, module: nn.Module) -> None:
        found.update({f"{prefix}{name}": [own] for name, own in module.named_parameters(recurse=False)})
        for name, child in module.named_children():
            if count_parameters(child)[1] > LARGE * whole:
                collect(f"{prefix}{name}.", child)
            else:
                found[f"{prefix}{name}"] = list(child.parameters())

    collect("", model.backbone)
    head = zip(("batch normalisation", f"dropout {model.head[1].p}", "linear"), model.head, strict=True)
    backbone = {name: parameters for name, parameters in found.items() if parameters}
    return backbone | {name: list(layer.parameters()) for name, layer in head}


def _box(ax: Axes, x: float, y: float, width: float, colour: str, name: str, text: str) -> None:
    """A flat box whose upper left corner is (x, y): a name to the left, a number to the right."""
    ax.add_patch(Rectangle((x, y), width, 0.76, fc=colour, ec="#444444", lw=0.8))
    ax.text(x + 0.03, y + 0.39, name, va="center", fontsize=9)
    ax.text(x + width - 0.03, y + 0.39, text, va="center", ha="right", fontsize=9)


def model(path: str | Path, classifier: Classifier, backbone: str, size: int) -> None:
    """Figure 3.10: groups of layers and their parameters, of the backbone named `backbone` and of the head."""
    sizes = {name: sum(p.numel() for p in group) for name, group in layer_groups(classifier).items()}
    *layers, norm, dropout, linear = [(name, f"{count:,}") for name, count in sizes.items()]
    pools = any(isinstance(getattr(classifier.backbone, name, None), nn.Module) for name in ("avgpool", "global_pool"))
    last = classifier.head[2]
    left = [("image", f"3 × {size} × {size}"), *layers]
    right = [("global average pooling" if pools else "pooling of the backbone", f"{last.in_features:,} features")]
    right += [norm, dropout, linear, ("classes", f"{last.out_features}")]
    rows = max(len(left), len(right))
    figure = Figure(figsize=(9, 0.9 + 0.32 * rows), layout="constrained")
    ax = figure.subplots()
    ax.set(xlim=(0, 2.4), ylim=(rows, -1))
    ax.set_axis_off()
    arrow = {"arrowstyle": "-|>", "color": "#444444", "shrinkA": 0, "shrinkB": 0}
    for x, title, boxes, colour in ((0, backbone, left, BACKBONE), (1.4, "head", right, HEAD)):
        ax.text(x, -0.3, title, fontweight="bold")
        ax.text(x + 1, -0.3, "parameters", ha="right", color="#555555", fontsize=9)
        ax.plot([x + 0.5, x + 0.5], [0.38, len(boxes) - 0.62], color="#444444", lw=1, zorder=0)
        for row, (name, text) in enumerate(boxes):
            plain = name in ("image", "classes") or text.endswith("features")
            _box(ax, x, row, 1, RESTS if plain else colour, name, text)
    ax.plot([1, 1.2, 1.2], [len(left) - 0.62, len(left) - 0.62, 0.38], color="#444444", lw=1)
    ax.annotate("", (1.4, 0.38), (1.2, 0.38), arrowprops=arrow)
    total = count_parameters(classifier)[1]
    description = ", ".join(f"{name} {text}" for name, text in left + right)
    title = f"The model: {backbone}, {total:,} parameters"
    save_numbered(figure, path, "3.10", title, f"From image to classes: {description}.", backbone=backbone)


def stage_counts(classifier: Classifier, modules: Sequence[str], freeze_head_norm: bool) -> pd.DataFrame:
    """Count parameters by group of layers (rows; "model" is their sum): all, and those trained in stages 1 to 3.

    `modules` and `freeze_head_norm` are those of `backbones.unfreeze`, which this calls.
    """
    groups = layer_groups(classifier)
    counts = pd.DataFrame(index=[*groups, "model"])
    counts["all"] = [*(sum(p.numel() for p in group) for group in groups.values()), count_parameters(classifier)[1]]
    for stage in STAGES:
        unfreeze(classifier, stage, modules, freeze_head_norm)
        trained = [sum(p.numel() for p in group if p.requires_grad) for group in groups.values()]
        counts[stage] = [*trained, count_parameters(classifier)[0]]
    return counts[counts["all"] > 0]


def stages(path: str | Path, counts: pd.DataFrame, transfer: bool, backbone: str, protocol: str, leaky: bool) -> None:
    """Figure 3.11: which groups of layers each stage trains, and how many of their parameters.

    `counts` is from `stage_counts`; with `transfer` a stage starts from the model of the one before.
    """
    groups, total = counts.drop(index="model"), counts.loc["model"]
    figure = Figure(figsize=(9, 1.2 + 0.32 * len(groups)), layout="constrained")
    ax = figure.subplots()
    ax.set(xlim=(-1.3, 2.95), ylim=(len(groups), -1.9))
    ax.set_axis_off()
    for row, (name, count) in enumerate(groups["all"].items()):
        _box(ax, -1.3, row, 1.2, "white", name, f"{count:,}")
    for column, stage in enumerate(STAGES):
        start = f"from stage {stage - 1}" if stage > 1 and transfer else "new head"
        ax.text(column, -1.3, f"stage {stage}, {start}", fontweight="bold", fontsize=9)
        ax.text(column, -0.5, f"{total[stage]:,} parameters train", fontsize=9)
        for row, (every, trained) in enumerate(zip(groups["all"], groups[stage], strict=True)):
            _box(ax, column, row, 0.95, RESTS, "" if trained else "frozen", f"{trained:,}" if trained else "")
            ax.add_patch(Rectangle((column, row), 0.95 * trained / every, 0.76, fc=TRAINS, ec="#444444", lw=0.8))
    description = " ".join(
        f"Stage {stage} trains {total[stage]:,} of {total['all']:,} parameters: "
        f"{', '.join(groups.index[groups[stage] > 0])}."
        for stage in STAGES
    )
    title = f"The stages: {backbone}, {protocol}, {total['all']:,} parameters"
    save_numbered(figure, path, "3.11", title, description, leaky=leaky, backbone=backbone, protocol=protocol)
