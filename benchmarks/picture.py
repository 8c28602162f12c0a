"""Draw results/bench/summary.csv: how many times better than its peer each work is done, and the target."""

import pandas as pd
from matplotlib.figure import Figure
from summary import TABLE


def main() -> None:
    table = pd.read_csv(TABLE).iloc[::-1].reset_index(drop=True)
    figure = Figure(figsize=(10, 1.2 + 0.34 * len(table)), layout="constrained")
    ax = figure.subplots()
    colours = table["met"].map({"yes": "#0072B2", "no": "#D55E00"})
    ax.barh(table.index, table["ratio"], color=colours, height=0.6)
    spread = [table["ratio"] - table["low"], table["high"] - table["ratio"]]
    ax.errorbar(table["ratio"], table.index, xerr=spread, ls="", color="#222222", capsize=3)
    ax.plot(table["target"], table.index, "|", color="#000000", ms=16, mew=2, label="target")
    for place, row in table.iterrows():
        ax.annotate(f"{row['ratio']:.2f}", (row["high"], place), (6, 0), textcoords="offset points", va="center")
    ax.set_yticks(table.index, table["work"] + "\nbeside " + table["peer"], fontsize=7)
    ax.set(xscale="log", xlabel="times better than the peer (median of the rounds, bar: lowest to highest)")
    ax.margins(x=0.12)
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", frameon=False)
    figure.savefig(TABLE.with_suffix(".svg"))


if __name__ == "__main__":
    main()
