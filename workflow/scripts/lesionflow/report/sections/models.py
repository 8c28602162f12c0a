"""Single models: their figures, tables and cards, and the search of their optimizer and learning rate."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lesionflow.report.sections.blocks import (
    cards,
    figures,
    folded,
    group,
    paragraph,
    section,
    sentences,
    tables,
    tabular,
)
from lesionflow.report.tables.search import search_table
from lesionflow.report.tables.table import Table


def models_section(shown: Sequence[Mapping], metrics: Sequence[dict]) -> dict | None:
    """Figures and tables by backbone, then by protocol and seed, stage after stage; `metrics` are `blocks.tabular`."""
    shown = sorted(shown, key=lambda figure: figure["labels"]["stage"])
    names = dict.fromkeys(each["labels"]["backbone"] for each in (*shown, *metrics))
    return section(
        "models",
        "Single models",
        paragraph(
            "Curves: solid lines are validation images, dotted lines training images as seen by the model; circles "
            "mark the epoch of the lowest validation loss. Confusion matrices count test images: rows are the true "
            "class, columns the predicted class."
        ),
        *(_backbone(name, _of_backbone(name, shown), _of_backbone(name, metrics)) for name in names),
    )


def _of_backbone(name: str, found: Sequence[Mapping]) -> list[Mapping]:
    return [each for each in found if each["labels"]["backbone"] == name]


def _backbone(name: str, shown: Sequence[Mapping], metrics: Sequence[Mapping]) -> dict | None:
    runs: dict[str, list] = {}
    for figure in shown:
        runs.setdefault("{protocol}, seed {seed}".format(**figure["labels"]), []).append(figure)
    return group(
        name,
        *(group(f"{name}, {run}", figures(found), level=5) for run, found in runs.items()),
        group(
            f"{name}: metrics per class and global metrics, by stage",
            paragraph(
                "On test images, as fractions (0–1); each class against the rest. Thesis: as printed, on ISIC 2019; "
                "* a misprint, with the value from its confusion matrix in parentheses."
            ),
            tables(metrics),
            level=5,
        ),
    )


def comparisons_section(table: Table | None, shown: Sequence[Mapping]) -> dict | None:
    """Figures of the comparisons and of what a study of this size can detect; the table and its notes are folded."""
    rows = (
        folded(
            "comparisons_table",
            "All comparisons, exploratory metrics included, and how to read them",
            tabular(table, "Comparisons of models on the same test images."),
            sentences(table.notes),
        )
        if table
        else None
    )
    return section("comparisons", "Comparisons of models", figures(shown), rows)


def search_section(long: pd.DataFrame | None, caption: str, shown: Sequence[Mapping]) -> dict | None:
    """The search, if the run has one; `long` is search.csv."""
    if long is None:
        return None
    table = search_table(long)
    return section(
        "search",
        "Search of optimizer and learning rate",
        paragraph(
            "With the backbone frozen, the head was trained by each optimizer at each learning rate, without "
            "augmentation. Test images were not used."
        ),
        figures(shown),
        tabular(table, caption),
        sentences(table.notes),
    )


def architectures_section(shown: Sequence[Mapping]) -> dict | None:
    """What the models are made of."""
    return section(
        "drawings",
        "Architectures and stages",
        paragraph(
            "Counted on the models themselves: groups of layers with their parameters, and what each stage trains."
        ),
        figures(shown),
    )


def cards_section(found: Sequence[Mapping], protocols: Collection[str]) -> dict | None:
    """Model cards; those of other protocols than `protocols` are of the ladder."""
    of_run = [card for card in found if card["labels"]["protocol"] in protocols]
    of_ladder = [card for card in found if card["labels"]["protocol"] not in protocols]
    return section(
        "cards",
        "Model cards",
        paragraph("Details, intended use, performance and caveats of each model: card.md beside the model."),
        cards(of_run),
        group("Models of the ladder", cards(of_ladder)),
    )
