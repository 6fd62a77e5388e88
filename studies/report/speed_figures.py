"""Every size at a glance: iterations of the others in units of EM's by hand."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from studies.report.loaded import StudyResults
from studies.report.scales import short
from studies.report.speed_data import SIMULATED_GROUPS, Point, is_em, is_ranked
from studies.report.style import SOFT, legend, marks, new_figure
from studies.report.words import fixed

_ROW_HEIGHT = 0.27
_MARGIN = 1.1


def draw_ratios(results: StudyResults, points: Sequence[Point], names: Sequence[str]) -> Figure:
    """One row a size: each implementation's time per iteration over the baseline's."""
    figure, axes = new_figure(1, 1, _MARGIN + _ROW_HEIGHT * len(points))
    panel = axes[0, 0]
    chosen = marks(results)
    for row, point in enumerate(points):
        for name in names:
            ratios = step_ratios(results, point, name)
            if not len(ratios):
                continue
            mark = chosen[name]
            panel.hlines(row, ratios.min(), ratios.max(), color=mark.colour, linewidth=1.4)
            panel.scatter(
                np.median(ratios),
                row,
                s=30,
                color=mark.colour,
                marker=mark.marker,
                edgecolor="white",
                linewidth=0.5,
                zorder=4,
            )
    panel.axvline(1, color=SOFT, linewidth=1.0, zorder=1)
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
    panel.set_yticks(range(len(points)), [_row_label(point) for point in points])
    panel.set_ylim(len(points) - 0.4, -0.6)
    panel.set_xlabel(f"time per iteration, {results.drawn_label(results.baseline)} = 1")
    legend(figure, results, names, lines=False)
    return figure


def step_ratios(results: StudyResults, point: Point, name: str) -> np.ndarray:
    """Time per iteration over the baseline's, repetition by repetition; none if not ranked."""
    if is_em(results, name) and not is_ranked(results, point.dataset, name, results.baseline):
        return np.array([])
    pairs = results.pairs("step_seconds", "", point.dataset, name, results.baseline)
    return (pairs["one"] / pairs["other"]).to_numpy(float)


def _row_label(point: Point) -> str:
    size = ", ".join(fixed(value, 0) for value in point.size)
    table = "" if point.group in SIMULATED_GROUPS else f"{point.group}: "
    return f"{table}{size}  {point.covariance_type}"
