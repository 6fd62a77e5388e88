"""Criteria and held-out likelihood against the number of components, one panel a data set."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from studies.report.loaded import StudyResults
from studies.report.scales import short
from studies.report.selection_data import CRITERIA, Criterion, choice, curve, known_classes
from studies.report.style import SOFT, panel_grid
from studies.report.words import drawn

_COLOURS = {"BIC": "#0072B2", "ICL": "#D55E00", "held-out log p(x)": "#009E73"}
# BIC and ICL may coincide: the first is broad and the second dashed so that both are seen.
_LINES: dict[str, dict[str, Any]] = {
    "BIC": {"linewidth": 3.0},
    "ICL": {"linewidth": 1.5, "linestyle": (0, (4, 1.5))},
    "held-out log p(x)": {"linewidth": 1.7},
}
_STRONG = 10.0
"""Differences in BIC up to which the axis is linear."""


def draw_criteria(results: StudyResults, groups: Sequence[str]) -> Figure:
    """BIC and ICL above the lowest of the same seed."""
    figure, panels = panel_grid([drawn(g) for g in groups], columns=2, row_height=2.5)
    criteria = [criterion for criterion in CRITERIA if criterion.sign > 0]
    for axis, group in zip(panels, groups, strict=True):
        for criterion in criteria:
            frame = curve(results, group, criterion.metric, criterion.split)
            above = frame.sub(frame.min(axis=1), axis=0)
            _band(axis, above, criterion.label)
            _ring(axis, results, group, criterion, above)
        _known_line(axis, results, group)
        axis.set_yscale("symlog", linthresh=_STRONG, linscale=1.0)
        axis.set_ylim(-2.0, 1.6 * axis.get_ylim()[1])
        axis.yaxis.set_major_locator(FixedLocator([0, 5, 10, 100, 1000, 10_000]))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: "0" if y == 0 else short(y)))
    _finish(figure, panels, "above the lowest\n(2 × nats, total)", criteria)
    return figure


def draw_held_out(results: StudyResults, groups: Sequence[str]) -> Figure:
    """Log-likelihood less that of the smallest K of the same seed, held out and in training."""
    figure, panels = panel_grid([drawn(g) for g in groups], columns=2, row_height=2.5)
    held_out = next(criterion for criterion in CRITERIA if criterion.sign < 0)
    for axis, group in zip(panels, groups, strict=True):
        train = curve(results, group, held_out.metric, "train")
        if not train.empty:
            gain = train.sub(train.iloc[:, 0], axis=0).median()
            axis.plot(gain.index, gain, color=SOFT, linestyle=(0, (4, 2)), linewidth=1.3)
        test = curve(results, group, held_out.metric, held_out.split)
        if not test.empty:
            above = test.sub(test.iloc[:, 0], axis=0)
            _band(axis, above, held_out.label)
            _ring(axis, results, group, held_out, above)
        axis.axhline(0, color="#bdbdbd", linewidth=0.8, zorder=1)
        _known_line(axis, results, group)
    extra = [Line2D([], [], color=SOFT, linestyle=(0, (4, 2)), label="training log p(x)")]
    _finish(figure, panels, "gain over the smallest K\n(nats per datum)", [held_out], extra)
    return figure


def _band(axis: Axes, frame: pd.DataFrame, label: str) -> None:
    colour = _COLOURS[label]
    places = frame.columns.to_numpy(dtype=float)
    axis.fill_between(places, frame.min(), frame.max(), color=colour, alpha=0.15, linewidth=0)
    axis.plot(places, frame.median(), color=colour, marker="o", markersize=3.2, **_LINES[label])


def _ring(
    axis: Axes, results: StudyResults, group: str, criterion: Criterion, shown: pd.DataFrame
) -> None:
    taken = choice(results, group, criterion)
    if taken is None:
        return
    axis.plot(
        taken.usual,
        float(shown[taken.usual].median()),
        marker="o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor=_COLOURS[criterion.label],
        markeredgewidth=1.8,
        linestyle="none",
        zorder=5,
        clip_on=False,
    )


def _known_line(axis: Axes, results: StudyResults, group: str) -> None:
    classes = known_classes(results, group)
    if classes:
        axis.axvline(classes, color=SOFT, linestyle=(0, (1, 2)), linewidth=1.2, zorder=1)


def _finish(
    figure: Figure,
    panels: Sequence[Axes],
    y_label: str,
    criteria: Sequence[Criterion],
    extra: Sequence[Line2D] = (),
) -> None:
    for i, axis in enumerate(panels):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("K")
        if i % 2 == 0:
            axis.set_ylabel(y_label)
    handles = [
        Line2D(
            [],
            [],
            color=_COLOURS[c.label],
            marker="o",
            markersize=3.2,
            label=c.label,
            **_LINES[c.label],
        )
        for c in criteria
    ]
    known = Line2D([], [], color=SOFT, linestyle=(0, (1, 2)), label="known classes")
    ring = Line2D(
        [],
        [],
        color=SOFT,
        marker="o",
        markersize=8,
        markerfacecolor="none",
        linestyle="none",
        label="chosen most often",
    )
    figure.legend(handles=[*handles, *extra, ring, known], loc="outside upper center", ncols=5)
