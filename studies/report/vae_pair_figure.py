"""The figure of paired differences between VAEs, image by image."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from studies.report.loaded import StudyResults
from studies.report.style import legend, marks, panel_grid
from studies.report.words import drawn, signed


def draw_paired(results: StudyResults, pairs: pd.DataFrame) -> Figure:
    """Mean difference from the baseline with its 95% interval over images, seed by seed.

    `pairs` has the columns dataset, estimator, quantity, seed, mean, low, high.
    """
    quantities = list(pairs["quantity"].drop_duplicates())
    places = pairs[["dataset", "estimator", "seed"]].drop_duplicates().reset_index(drop=True)
    figure, panels = panel_grid(
        quantities, columns=2, row_height=1.3 + 0.28 * len(places), sharey="all"
    )
    chosen = marks(results)
    labels = [
        (f"{drawn(d)}, " if len(results.datasets) > 1 else "") + f"seed {s}"
        for d, _, s in places.itertuples(index=False)
    ]
    for panel, quantity in zip(panels, quantities, strict=True):
        rows = places.merge(pairs[pairs["quantity"] == quantity], how="left")
        panel.axvline(0, color="#9a9a9a", linewidth=0.9, zorder=1)
        for i in range(len(rows)):
            mark = chosen[str(rows["estimator"].iloc[i])]
            mean, low, high = (float(rows[c].iloc[i]) for c in ("mean", "low", "high"))
            panel.plot([low, high], [i, i], color=mark.colour, linewidth=2)
            panel.plot(mean, i, mark.marker, color=mark.colour, markersize=6)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: signed(x, 2)))
        panel.set_xlabel(
            f"difference from {results.drawn_label(results.baseline)} (nats per datum)"
        )
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].set_ylim(len(labels) - 0.4, -0.6)
    legend(figure, results, list(places["estimator"].drop_duplicates()), lines=False)
    return figure
