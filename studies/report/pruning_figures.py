"""Components' weights in falling order, one panel a data set."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from studies.report.loaded import StudyResults
from studies.report.scales import short
from studies.report.style import SOFT, legend, marks, panel_grid
from studies.report.words import drawn

if TYPE_CHECKING:
    from studies.report.pruning_sections import Pruning

_SMALLEST = 1e-4
"""Weights below are drawn here: a weight of zero has no place on a logarithmic axis."""


def draw_weights(results: StudyResults, found: Sequence["Pruning"]) -> Figure:
    """One panel a data set: each estimator's weights, largest first."""
    datasets = list(dict.fromkeys(p.dataset for p in found))
    figure, panels = panel_grid([drawn(d) for d in datasets], columns=3, row_height=2.7)
    chosen = marks(results)
    for axis, dataset in zip(panels, datasets, strict=True):
        for p in found:
            if p.dataset != dataset:
                continue
            mark, ranks = chosen[p.estimator], np.arange(1, p.n_components + 1)
            weights = np.maximum(p.weights, _SMALLEST)
            low, high = weights.min(axis=0), weights.max(axis=0)
            axis.fill_between(ranks, low, high, color=mark.colour, alpha=0.13, linewidth=0)
            axis.plot(
                ranks, np.median(weights, axis=0), marker=mark.marker, markersize=4, **mark.line
            )
        n_rows = int(results.facts(dataset).get("n_train", 0))
        if n_rows:
            axis.axhline(1 / n_rows, color=SOFT, linestyle=(0, (1, 2)), linewidth=1.2)
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: short(y)))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("component, by weight")
    for axis in panels[::3]:
        axis.set_ylabel("weight")
    names = [n for n in results.estimators if any(p.estimator == n for p in found)]
    legend(figure, results, names)
    return figure
