"""All published optima at a glance: measured less published, model by model."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from studies.report.published_rows import MARGIN, PublishedRow
from studies.report.scales import short
from studies.report.style import INK, Mark, panel_grid
from studies.report.words import drawn

_MARKS = {
    "full": Mark("#0072B2", "o"),
    "tied": Mark("#E69F00", "s"),
    "diag": Mark("#009E73", "^"),
    "tied_diag": Mark("#CC79A7", "v"),
    "spherical": Mark("#D55E00", "D"),
    "tied_spherical": Mark("#3B2A78", "P"),
}
_STEP = 0.12
_HEADROOM = 3.0


def draw_published(rows: Sequence[PublishedRow]) -> Figure:
    """One panel a data set: difference against K, one mark a published figure."""
    datasets = list(dict.fromkeys(row.published.dataset for row in rows))
    figure, panels = panel_grid(datasets, columns=3, row_height=2.5, sharey="all")
    for axis, dataset in zip(panels, datasets, strict=True):
        _draw_panel(axis, [row for row in rows if row.published.dataset == dataset])
    _value_axis(panels[0], rows)
    for axis in panels[::3]:
        axis.set_ylabel("measured − published\n(nats, total)")
    kinds = [k for k in _MARKS if any(row.published.covariance_type == k for row in rows)]
    handles = [
        Line2D(
            [],
            [],
            color=_MARKS[k].colour,
            marker=_MARKS[k].marker,
            linestyle="none",
            markersize=5.5,
            label=drawn(_label(rows, k)),
        )
        for k in kinds
    ]
    if not all(row.passed for row in rows):
        handles.append(
            Line2D([], [], color=INK, marker="x", linestyle="none", markersize=6, label="failed")
        )
    figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)))
    return figure


def _draw_panel(axis: Axes, rows: Sequence[PublishedRow]) -> None:
    axis.axhspan(-MARGIN, MARGIN, color="#e9eef2", zorder=0)
    axis.axhline(0, color="#9a9a9a", linewidth=0.8, zorder=1)
    order = [k for k in _MARKS if any(row.published.covariance_type == k for row in rows)]
    for row in rows:
        if np.isnan(row.difference):
            continue
        kind = row.published.covariance_type
        place = order.index(kind) - (len(order) - 1) / 2
        x = row.published.n_components + place * _STEP
        mark = _MARKS[kind]
        axis.plot(
            x,
            row.difference,
            marker=mark.marker,
            color=mark.colour,
            markersize=4.8,
            markeredgecolor="white",
            markeredgewidth=0.5,
            linestyle="none",
            zorder=3,
        )
        if not row.passed:
            axis.plot(x, row.difference, marker="x", color=INK, markersize=8, zorder=4)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("K")
    axis.grid(axis="x", visible=False)


def _value_axis(axis: Axes, rows: Sequence[PublishedRow]) -> None:
    """Linear within the margin, logarithmic beyond, with a tick at every second power of ten."""
    finite = [row.difference for row in rows if np.isfinite(row.difference)]
    top = max([*finite, 10 * MARGIN]) * _HEADROOM
    bottom = min([*finite, -MARGIN])
    axis.set_yscale("symlog", linthresh=MARGIN, linscale=0.6)
    axis.set_ylim(bottom * _HEADROOM, top)
    powers = 10.0 ** np.arange(np.log10(MARGIN), np.ceil(np.log10(top)))
    below = [-p for p in powers if p <= -bottom * _HEADROOM]
    axis.yaxis.set_major_locator(FixedLocator([*below, 0.0, *powers]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _tick(y)))


def _tick(value: float) -> str:
    if value == 0:
        return "0"
    return ("+" if value > 0 else "−") + short(abs(value))


def _label(rows: Sequence[PublishedRow], kind: str) -> str:
    models = dict.fromkeys(r.published.model for r in rows if r.published.covariance_type == kind)
    return f"{', '.join(models)} ({kind.replace('_', ' ')})"
