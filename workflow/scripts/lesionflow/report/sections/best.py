"""The best models."""

import pandas as pd

from lesionflow.evaluation.best_model import MODEL, best_model, best_runs


def headlines(table: pd.DataFrame) -> list[dict]:
    """Return the best model of each protocol by validation balanced accuracy, with its test results.

    Test images are not used for the choice. With several seeds a model is the mean of its seeds, and `seed` is the one
    that represents it; it is `used` if `predict` and `export_onnx` use it.
    """
    used = None if table["leaky"].all() else best_model(table).name
    found = []
    for _, rows in table.groupby("protocol", sort=False):
        chosen, run = best_runs(rows)
        found.append(
            {key: run[key] for key in MODEL}
            | {
                "leaky": bool(rows["leaky"].any()),
                "models": len(rows.groupby(MODEL)),
                "seeds": len(chosen),
                "seed": int(run["seed"]),
                "folds": int(run["models"]),
                "used": run.name == used,
                "images": int(chosen["images"].iloc[0]),
                "valid": chosen["valid_balanced_accuracy"].mean(),
                "test": chosen["balanced_accuracy"].mean(),
                "spread": chosen["balanced_accuracy"].std(),
                "low": chosen["balanced_accuracy_low"].iloc[0],
                "high": chosen["balanced_accuracy_high"].iloc[0],
            }
        )
    return found
