"""Figures of times to target: their distribution, and performance profiles."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullLocator,
    PercentFormatter,
)

from studies.report.loaded import StudyResults
from studies.report.progress_figures import CLOCKS, clock_name
from studies.report.scales import Clock, log_time_axis, short
from studies.report.style import SOFT, legend, marks, panel_grid
from studies.report.target_data import Arrivals
from studies.statistics import Steps, arrival_distribution, performance_profile

_ROOM = 1.35
_LABEL_GAP = 0.055
_FAR = 4.0
_DECADE = 10.0
_BASES = (2.0, 4.0, 10.0, 100.0, 1e3, 1e6)


def draw_arrivals(results: StudyResults, found: Arrivals) -> Figure:
    """The share of runs that reached the target, by steps and by seconds."""
    titles = [f"against {clock_name(results, clock)}" for clock in CLOCKS]
    figure, panels = panel_grid(titles, columns=2, row_height=3.3, sharey="all")
    for panel, clock in zip(panels, CLOCKS, strict=True):
        _draw_distribution(panel, results, found, clock)
        panel.set_xlabel(clock_name(results, clock))
    panels[0].set_ylabel("share of runs at the target")
    legend(figure, results, found.estimators)
    return figure


def draw_profiles(results: StudyResults, found: Arrivals) -> Figure:
    """Dolan and Moré's profiles, by steps and by seconds."""
    words = {"step": clock_name(results, "step"), "seconds": "fitting time"}
    figure, panels = panel_grid(
        [f"by {words[clock]}" for clock in CLOCKS], columns=2, row_height=3.3, sharey="all"
    )
    for panel, clock in zip(panels, CLOCKS, strict=True):
        profiles = performance_profile(found.problems(clock).to_numpy(float))
        curves = dict(zip(found.estimators, profiles, strict=True))
        last = max([1.1, *(float(c.at[-1]) for c in curves.values() if len(c.at))])
        _ratio_axis(panel, last)
        _draw_curves(panel, results, curves, *panel.get_xlim())
        panel.set_xlabel("multiple of the smallest")
    panels[0].set_ylabel("share of problems solved")
    legend(figure, results, found.estimators)
    return figure


def _draw_distribution(panel: Axes, results: StudyResults, found: Arrivals, clock: Clock) -> None:
    every = np.concatenate(
        [[], *(t(n, clock) for n in found.estimators for t in (found.times, found.censored))]
    )
    positive = every[np.isfinite(every) & (every > 0)]
    if len(positive) == 0:
        panel.text(0.5, 0.5, "nothing to time", transform=panel.transAxes, ha="center", color=SOFT)
        panel.set(xticks=[])
        return
    low, high = positive.min() / _ROOM, positive.max() * _ROOM
    narrow = high / low < _DECADE
    low = 0.0 if narrow else low
    panel.set_xscale("linear" if narrow else "log")
    panel.set_xlim(low, high)
    chosen = marks(results)
    curves = {n: arrival_distribution(found.times(n, clock)) for n in found.estimators}
    _draw_curves(panel, results, curves, low, high)
    for order, name in enumerate(found.estimators):
        at = found.censored(name, clock)
        heights = [curves[name].value(t) for t in at]
        panel.scatter(at, heights, s=26, marker="x", color=chosen[name].colour, zorder=20 + order)
    if not narrow:
        log_time_axis(panel, clock, None)
        panel.set_xlim(low, high)


def _draw_curves(
    panel: Axes, results: StudyResults, curves: dict[str, Steps], low: float, high: float
) -> None:
    """Step functions from `low` to `high`, each with its last value at the right."""
    chosen = marks(results)
    ends = {}
    for order, (name, curve) in enumerate(curves.items()):
        inside = curve.at[(curve.at > low) & (curve.at < high)]
        x = np.concatenate([[low], inside, [high]])
        y = np.array([curve.value(t) for t in x])
        panel.step(x, y, where="post", zorder=3 + order, **chosen[name].line)
        ends[name] = float(y[-1])
    panel.set_ylim(-0.02, 1.04)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    _label_ends(panel, results, ends)


def _label_ends(panel: Axes, results: StudyResults, ends: dict[str, float]) -> None:
    """Each estimator's last value beside its curve; curves that end together share a label."""
    height = np.inf
    for value in sorted(set(ends.values()), reverse=True):
        names = [name for name, end in ends.items() if end == value]
        colour = marks(results)[names[0]].colour if len(names) == 1 else SOFT
        height = min(value, height - _LABEL_GAP)
        panel.annotate(
            f"{value:.0%}",
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=colour,
            annotation_clip=False,
        )


def _ratio_axis(panel: Axes, last: float) -> None:
    """From 1 to beyond `last`; logarithmic where that is far, with at most six ticks."""
    if last <= _FAR:
        panel.set_xlim(1, 1 + 1.1 * (last - 1))
        panel.xaxis.set_major_locator(MaxNLocator(5))
        return
    panel.set_xscale("log")
    panel.set_xlim(1, last * _ROOM)
    base = next((b for b in _BASES if np.log(last) <= 5.5 * np.log(b)), _BASES[-1])
    powers = np.arange(np.floor(np.log(last * _ROOM) / np.log(base)) + 1)
    panel.xaxis.set_major_locator(FixedLocator([float(t) for t in base**powers]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
