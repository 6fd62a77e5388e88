"""Times of epochs and updates, and their differences, as dots with ranges."""

import math
from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from studies.report.loaded import StudyResults
from studies.report.overhead_data import (
    Ranged,
    Size,
    own_difference,
    present,
    ranged,
    time_ratios,
)
from studies.report.overhead_paper import paper_row
from studies.report.overhead_parts import PARTS, TUTORIAL, added, total, unexplained
from studies.report.scales import short
from studies.report.style import INK, SOFT, Share, marks, new_figure, panel_grid

_ROW = 0.27
_MARGIN = 0.95
_BAND = "#e9e9e9"


def draw_epochs(results: StudyResults, sizes: Sequence[Size]) -> Figure:
    """One panel a data set, a row an implementation: seconds of an epoch."""
    names = present(results, sizes)
    height = _MARGIN + _ROW * len(names)
    figure, axes = new_figure(1, len(sizes), height, sharex="all", sharey="all")
    for panel, size in zip(axes[0], sizes, strict=True):
        panel.set_title(f"{size.dataset}: {size.network}")
        for row, name in enumerate(names):
            value = ranged(results.values("step_seconds", "", size.dataset, name))
            _dot(panel, row, value, _colour(results, name))
        for row in range(len(names)):
            panel.axhline(row, color="#f2f2f2", linewidth=0.6, zorder=0)
        bound = _bound(results, size)
        if math.isfinite(bound):
            panel.axvline(bound, color=INK, linestyle=(0, (3, 2)), linewidth=1.1, zorder=1)
            panel.annotate(
                "matrix products",
                (bound, len(names) - 0.45),
                xytext=(3, 2),
                textcoords="offset points",
                color=INK,
                fontsize=7.5,
            )
        panel.set_xscale("log")
        _short_ticks(panel)
        panel.set_xlabel("seconds per epoch")
    _rows(axes[0, 0], [results.drawn_label(name) for name in names])
    return figure


def draw_updates(results: StudyResults, sizes: Sequence[Size], names: Sequence[str]) -> Figure:
    """One panel a size, a row a variant: time per update over that by hand."""
    others = [name for name in names if name != results.baseline]

    def draw(panel: Axes, size: Size) -> None:
        for row, name in enumerate(others):
            ratios = time_ratios(results, size.dataset, name, results.baseline)
            _dot(panel, row, ranged(ratios), _colour(results, name))
        paper = paper_row(size.latent_dim, size.hidden_dims)
        if paper is not None and TUTORIAL in others:
            row = others.index(TUTORIAL)
            panel.scatter(paper.ratio, row, s=44, marker="D", facecolor="none", edgecolor=INK)
        panel.axvline(1, color=SOFT, linewidth=1.0, zorder=1)

    labels = [results.drawn_label(name) for name in others]
    return _by_size(sizes, labels, draw, "time per update, by hand = 1", sharex="all")


def draw_attribution(results: StudyResults, sizes: Sequence[Size]) -> Figure:
    """One panel a size, a row a part: milliseconds that it adds to an update."""

    def draw(panel: Axes, size: Size) -> None:
        own = own_difference(results, size)
        if math.isfinite(own):
            panel.axvspan(-own, own, color=_BAND, zorder=0)
        values = [added(results, size, part) for part in PARTS]
        rows: list[tuple[pd.Series, str]] = [(v, _colour(results, "pyro-vae")) for v in values]
        rows += [(unexplained(results, size), SOFT), (total(results, size), INK)]
        for row, (value, colour) in enumerate(rows):
            _dot(panel, row, ranged(value), colour)
        panel.axvline(0, color=SOFT, linewidth=1.0, zorder=1)
        panel.axhline(len(PARTS) - 0.5, color="#c9c9c9", linewidth=0.8)

    labels = [*(part.label for part in PARTS), "not explained by these", "all together"]
    return _by_size(sizes, labels, draw, "milliseconds per update", sharex="row")


def _by_size(
    sizes: Sequence[Size],
    labels: Sequence[str],
    draw: Callable[[Axes, Size], None],
    what: str,
    *,
    sharex: Share,
) -> Figure:
    """Panels by size, two a row, whose rows are labelled on the left alone."""
    height = _MARGIN + _ROW * len(labels)
    titles = [size.network for size in sizes]
    figure, panels = panel_grid(titles, columns=2, row_height=height, sharex=sharex, sharey="all")
    for panel, size in zip(panels, sizes, strict=True):
        draw(panel, size)
        panel.set_xlabel(what)
        panel.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    _rows(panels[0], labels)
    return figure


def _dot(panel: Axes, row: int, value: Ranged, colour: str) -> None:
    if not value.n:
        return
    panel.hlines(row, value.low, value.high, color=colour, linewidth=1.6, zorder=3)
    panel.scatter(value.median, row, s=32, color=colour, edgecolor="white", linewidth=0.5, zorder=4)


def _rows(panel: Axes, labels: Sequence[str]) -> None:
    panel.set_yticks(range(len(labels)), list(labels))
    panel.set_ylim(len(labels) - 0.4, -0.6)


def _short_ticks(panel: Axes) -> None:
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))


def _bound(results: StudyResults, size: Size) -> float:
    """The median time of the products of an epoch over all runs that measured it."""
    found = [
        results.values("epoch_product_seconds", "", size.dataset, name)
        for name in present(results, [size])
    ]
    kept = pd.concat(found) if found else pd.Series(dtype=float)
    return float(kept.median()) if len(kept) else math.nan


def _colour(results: StudyResults, name: str) -> str:
    """That of the first of its kind: variants of one implementation share its colour."""
    chosen = marks(results)
    kind = results.registered(name)
    first = next((n for n in results.estimators if results.registered(n) == kind), name)
    return chosen[first].colour
