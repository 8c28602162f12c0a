"""The table of all benchmarks, results/bench/summary.csv: how many times better Lesionflow does a work than a peer."""

import csv
import statistics
from pathlib import Path

TABLE = Path(__file__).parent.parent / "results/bench/summary.csv"


def add_row(work: str, peer: str, ratios: list[float], target: float) -> None:
    """Print the median, lowest and highest ratio of all rounds and put them in the table, in place of older ones."""
    ratio = statistics.median(ratios)
    row = {"work": work, "peer": peer}
    row |= {"ratio": f"{ratio:.2f}", "low": f"{min(ratios):.2f}", "high": f"{max(ratios):.2f}"}
    row |= {"target": f"{target:g}", "met": "yes" if ratio >= target else "no"}
    rows = []
    if TABLE.exists():
        with open(TABLE, newline="") as stream:
            rows = [old for old in csv.DictReader(stream) if (old["work"], old["peer"]) != (work, peer)]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with open(TABLE, "w", newline="") as stream:
        table = csv.DictWriter(stream, list(row))
        table.writeheader()
        table.writerows([*rows, row])
    print("{work}, {peer}: {ratio} ({low} to {high}), at least {target}: {met}".format(**row), flush=True)
