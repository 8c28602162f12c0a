"""The table of a search: what every trial reached on validation images."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from pandas.io.formats.style import Styler

from lesionflow.markdown import page
from lesionflow.report.tables.style import markup, styled, text_columns, weights_name

RUN = ["protocol", "backbone", "weights", "dataset", "seed"]


def search_table(
    winners: Sequence[Mapping],
    trials: Sequence[pd.DataFrame],
    leaky: Collection[str],
    pretrained_on: Mapping[str, str],
) -> pd.DataFrame:
    """One row a trial: RUN, leaky, optimizer, lr, its row of the lowest validation loss, and whether it won.

    `winners` (winner.json) and `trials` (trials.csv) are of the same searches; `leaky` names protocols,
    `pretrained_on` what our backbones' weights were trained on.
    """
    tables = []
    for winner, rows in zip(winners, trials, strict=True):
        best = rows.sort_values("valid_loss", kind="stable").drop_duplicates(["optimizer", "lr"]).sort_index()
        names = {key: winner[key] for key in RUN} | {
            "weights": weights_name(winner["weights"], pretrained_on.get(winner["backbone"]))
        }
        won = (best["optimizer"] == winner["optimizer"]) & (best["lr"] == winner["lr"])
        table = best.assign(**names, leaky=winner["protocol"] in leaky, winner=won)
        order = rows[["optimizer", "lr"]].drop_duplicates()
        tables.append(order.merge(table)[[*RUN, "leaky", *rows.columns, "winner"]])
    return pd.concat(tables, ignore_index=True)


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """The table as text: a row an optimizer, a column a learning rate; the winner of each search is starred."""
    rows = []
    for (*names, leaky, optimizer), trials in table.groupby([*RUN, "leaky", "optimizer"], sort=False):
        row = dict(zip(map(str.capitalize, RUN), map(str, names), strict=True))
        row |= {"Protocol": row["Protocol"] + (" LEAKY" if leaky else ""), "Optimizer": optimizer}
        for trial in trials.itertuples():
            text = f"{trial.valid_loss:.3f}{'*' * trial.winner} ({trial.valid_accuracy:.3f})"
            row[f"lr {trial.lr:g}"] = "–" if pd.isna(trial.valid_loss) else text
        rows.append(row)
    return pd.DataFrame(rows)


def notes(table: pd.DataFrame) -> list[str]:
    """How to read the table."""
    lines = [
        "Lowest validation loss (mean cross-entropy, nats) of any epoch of a trial, in parentheses the accuracy of "
        "that epoch; – a loss that was never a number. The backbone was frozen and images were not augmented.",
        "* lowest loss of the search. Test images have no part in it.",
    ]
    for protocol in table.loc[table["leaky"], "protocol"].unique():
        lines.append(f"LEAKY: under {protocol} test images are known to share images or lesions with training.")
    return lines


def markdown(table: pd.DataFrame) -> str:
    """The table in Markdown, with its notes."""
    text = wide(table)
    return page("Search of optimizer and learning rate", text, text.columns[: len(RUN) + 1], notes(table))


def html(table: pd.DataFrame) -> Styler:
    """The table as a Styler."""
    text = wide(table)
    return styled(text, "search").format(markup).set_td_classes(text_columns(text, text.columns[: len(RUN) + 1]))
