"""Figures against the separation of the components."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from studies.report.loaded import StudyResults
from studies.report.overlap_data import Overlap
from studies.report.scales import short
from studies.report.style import INK, SOFT, legend, marks, panel_grid

_DOTTED = (0, (1.5, 1.5))


def draw_arrivals(results: StudyResults, found: list[Overlap]) -> Figure:
    """Steps and seconds to the target against the separation."""
    figure, panels = panel_grid(
        ["iterations or steps to the target", "seconds to the target"], columns=2, row_height=3.4
    )
    names = list(dict.fromkeys(n for o in found for n in o.arrivals["estimator"]))
    for panel, column in zip(panels, ("steps", "seconds"), strict=True):
        for order, name in enumerate(names):
            _draw_arrival(panel, results, found, name, column, 3 + order)
        _log_axis(panel)
        panel.set_xlabel("separation (average standard deviations)")
    middle = [(o.separation, max(1.0, o.predicted.median())) for o in found if len(o.predicted)]
    middle = [(at, value) for at, value in middle if np.isfinite(value)]
    if middle:
        panels[0].plot(*zip(*middle, strict=True), color=INK, linestyle=_DOTTED, linewidth=1.3)
    panels[0].set_ylabel("iterations or steps")
    panels[1].set_ylabel("seconds")
    theory = Line2D([], [], color=INK, linestyle=_DOTTED, linewidth=1.3)
    theory.set_label("EM in theory")
    legend(figure, results, names, extra=[theory])
    return figure


def draw_rates(results: StudyResults, found: list[Overlap]) -> Figure:
    """EM's rate against the separation, and observed against theory."""
    figure, panels = panel_grid(
        ["against the separation", "observed against theory"], columns=2, row_height=3.4
    )
    colour = marks(results)[results.baseline].colour
    at = [o.separation for o in found if len(o.rates)]
    middle = [float(1 - o.rates["theory"].median()) for o in found if len(o.rates)]
    panels[0].plot(at, middle, color=INK, linestyle=_DOTTED, linewidth=1.3)
    for overlap in found:
        rates = overlap.rates
        place = np.full(len(rates), overlap.separation)
        panels[0].scatter(place - 0.04, 1 - rates["theory"], marker="_", s=70, color=INK)
        panels[0].scatter(place + 0.04, 1 - rates["observed"], s=16, color=colour, alpha=0.8)
        panels[1].scatter(1 - rates["theory"], 1 - rates["observed"], s=18, color=colour, alpha=0.8)
    every = np.concatenate([1 - o.rates["theory"].to_numpy() for o in found])
    ends = [every.min() / 1.5, min(1.2, every.max() * 1.5)]
    panels[1].plot(ends, ends, color=SOFT, linewidth=0.9, zorder=1)
    _log_axis(panels[0])
    _log_axis(panels[1])
    panels[1].set_xscale("log")
    panels[1].xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
    panels[0].set(xlabel="separation (average standard deviations)", ylabel="1 − ρ")
    panels[1].set(xlabel="1 − ρ in theory", ylabel="1 − ρ as observed")
    handles = [
        Line2D([], [], color=INK, marker="_", markersize=9, linestyle=_DOTTED, label="theory"),
        Line2D([], [], color=colour, marker="o", markersize=4, linestyle="none", label="observed"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, handlelength=2.6)
    return figure


def _draw_arrival(
    panel: Axes, results: StudyResults, found: list[Overlap], name: str, column: str, zorder: int
) -> None:
    """The median of all runs as a line that ends where it is a miss; every run as a dot."""
    mark = marks(results)[name]
    medians = [
        np.maximum(1.0, o.steps(name)) if column == "steps" else o.seconds(name) for o in found
    ]
    panel.plot([o.separation for o in found], medians, zorder=zorder, **mark.line)
    for overlap in found:
        values = overlap.of(name)[column].dropna()
        places = np.full(len(values), overlap.separation)
        shown = values.clip(lower=1.0) if column == "steps" else values[values > 0]
        panel.scatter(
            places[: len(shown)],
            shown,
            s=11,
            color=mark.colour,
            marker=mark.marker,
            alpha=0.45,
            linewidths=0,
            zorder=zorder,
        )


def _log_axis(panel: Axes) -> None:
    panel.set_yscale("log")
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: short(y)))
