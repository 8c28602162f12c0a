"""Table of a search: validation results of all trials."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lesionflow.report.tables.table import Table, weights_name

RUN = ["protocol", "backbone", "weights", "dataset", "seed"]


def searches(
    winners: Sequence[Mapping],
    trials: Sequence[pd.DataFrame],
    leaky: Collection[str],
    pretrained_on: Mapping[str, str],
) -> pd.DataFrame:
    """search.csv, one row per trial: RUN, leaky, optimizer, lr, the epoch of its lowest validation loss, winner.

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


def search_table(long: pd.DataFrame) -> Table:
    """Return the Table of search.csv: one row per optimizer, one column per learning rate; best trials are starred."""
    rows, labels = [], []
    for (*names, optimizer), trials in long.groupby([*RUN, "optimizer"], sort=False):
        row = dict(zip(map(str.capitalize, RUN), map(str, names), strict=True)) | {"Optimizer": optimizer}
        for trial in trials.itertuples():
            text = f"{trial.valid_loss:.3f}{'*' * trial.winner} ({trial.valid_accuracy:.3f})"
            row[f"lr {trial.lr:g}"] = "–" if pd.isna(trial.valid_loss) else text
        rows.append(row)
        labels.append({name: row[name.capitalize()] for name in ("protocol", "backbone", "dataset")})
    wide, leaky = pd.DataFrame(rows), set(long.loc[long["leaky"], "protocol"])
    title = "Search of optimizer and learning rate"
    return Table("search", title, long, wide, wide.columns[: len(RUN) + 1], notes(long), leaky, labels)


def notes(long: pd.DataFrame) -> list[str]:
    """How to read the table."""
    lines = [
        "Lowest validation loss (mean cross-entropy, nats) of any epoch of a trial, in parentheses the accuracy in "
        "that epoch; – a loss that was NaN in every epoch. The backbone was frozen and images were not augmented.",
        "* lowest loss of the search. Test images were not used.",
    ]
    for protocol in long.loc[long["leaky"], "protocol"].unique():
        lines.append(f"LEAKY: under {protocol}, test images are known to share images or lesions with training.")
    return lines
