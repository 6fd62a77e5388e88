"""Figures of how runs went: curves with a band over seeds, and quality against runtime."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from studies.report.curves import draw_bands
from studies.report.loaded import StudyResults
from studies.report.scales import (
    Clock,
    floor_below,
    log_time_axis,
    log_value_axis,
    start_on_log_axis,
)
from studies.report.style import SOFT, legend, marks, panel_grid
from studies.report.words import drawn, signed

_ROUNDING = {"mixture": 1e-10, "vae": 1e-5}

CLOCKS: tuple[Clock, ...] = ("step", "seconds")
"""The two axes that progress is shown against."""

Ways = Mapping[str, pd.DataFrame]
"""By data set: columns estimator, seed, step, seconds, value."""

_DOTTED = (0, (1.5, 1.5))


def rounding(results: StudyResults) -> float:
    """Nats per datum up to which a difference is the rounding of sums, and drawn as 0.

    Mixtures are scored in double precision, VAEs in single.
    """
    return _ROUNDING[results.kind]


def clock_name(results: StudyResults, clock: Clock) -> str:
    """What a time axis counts."""
    if clock == "seconds":
        return "fitting time (seconds)"
    return "iterations or steps" if results.kind == "mixture" else "epochs"


def draw_ways(
    results: StudyResults,
    ways: Ways,
    clocks: Sequence[Clock],
    y_label: str,
    *,
    log_time: bool = True,
) -> Figure:
    """One panel for each data set and clock: median over seeds, and all seeds' range."""
    places = [(dataset, clock) for dataset in ways for clock in clocks]
    titles = [
        drawn(dataset) if len(ways) > 1 else f"against {clock_name(results, clock)}"
        for dataset, clock in places
    ]
    figure, panels = panel_grid(titles, columns=2, row_height=2.35 if len(places) > 2 else 3.2)
    for i, (panel, (dataset, clock)) in enumerate(zip(panels, places, strict=True)):
        _draw_way(panel, results, ways[dataset], clock, log_time=log_time)
        if i % 2 == 0 or len(clocks) == 1:
            panel.set_ylabel(y_label)
        panel.set_xlabel(clock_name(results, clock))
    present = {name for way in ways.values() for name in way["estimator"]}
    legend(figure, results, [n for n in results.estimators if n in present])
    return figure


def draw_floored_ways(
    results: StudyResults,
    ways: Ways,
    clocks: Sequence[Clock],
    y_label: str,
    *,
    floor_label: str,
    target: float | None = None,
) -> Figure:
    """As `draw_ways` on a logarithmic axis with a line for zero at its foot.

    `target`, if given, is drawn as a dotted line.
    """
    noise = rounding(results)
    floor = floor_below(pd.concat([way["value"] for way in ways.values()]), noise)
    floored = {
        dataset: way.assign(value=way["value"].where(way["value"] > noise, floor))
        for dataset, way in ways.items()
    }
    figure = draw_ways(results, floored, clocks, y_label)
    for panel in figure.axes:
        if not panel.lines:
            continue
        log_value_axis(panel, floor, floor_label, least_top=3 * (target or 0))
        if target is not None:
            _draw_target(panel, target)
    return figure


def draw_tradeoff(results: StudyResults, runs: pd.DataFrame, y_label: str) -> Figure:
    """One point a run: fitting time across, quality up. Columns dataset, estimator, x, y."""
    shown = set(runs["dataset"])
    datasets = [d for d in results.datasets if d in shown]
    figure, panels = panel_grid(
        [drawn(d) for d in datasets],
        columns=3 if len(datasets) > 2 else 2,
        row_height=2.4 if len(datasets) > 2 else 3.2,
    )
    for i, (panel, dataset) in enumerate(zip(panels, datasets, strict=True)):
        _draw_points(panel, results, runs[runs["dataset"] == dataset])
        panel.set_xlabel("fitting time (seconds)")
        panel.set_ylabel(y_label if i % 3 == 0 else "")
        panel.set_xlim(left=0)
    present = set(runs["estimator"])
    legend(figure, results, [n for n in results.estimators if n in present], lines=False)
    return figure


def draw_floored_tradeoff(
    results: StudyResults, runs: pd.DataFrame, y_label: str, *, floor_label: str
) -> Figure:
    """As `draw_tradeoff` with both axes logarithmic, a line for zero and one for the target."""
    noise = rounding(results)
    floor = floor_below(runs["y"], noise)
    figure = draw_tradeoff(
        results, runs.assign(y=runs["y"].where(runs["y"] > noise, floor)), y_label
    )
    low, high = runs["x"].min(), runs["x"].max()
    for panel in figure.axes:
        panel.set_xlim(low / 1.6, high * 1.6)
        panel.set_ylim(floor, max(runs["y"].max(), results.target) * 3)
        log_time_axis(panel, "seconds", None)
        log_value_axis(panel, floor, floor_label)
        _draw_target(panel, results.target)
    return figure


def draw_differences(results: StudyResults, pairs: pd.DataFrame, margin: float) -> Figure:
    """One point a pair of runs: the estimator's value less the baseline's, by data set.

    `pairs` has the columns dataset, estimator, split, difference. The axis is linear within the
    margin, which is shaded, and logarithmic beyond.
    """
    splits = [s for s in ("train", "test") if s in set(pairs["split"])]
    titles = {"train": "training data", "test": "held-out data"}
    height = 0.9 + 0.36 * len(results.datasets)
    figure, panels = panel_grid(
        [titles[s] for s in splits], columns=2, row_height=max(2.2, height), sharey="all"
    )
    chosen, others = marks(results), results.others
    largest = max(float(pairs["difference"].abs().max()), 2 * margin) * 1.6
    for panel, split in zip(panels, splits, strict=True):
        panel.axvspan(-margin, margin, color="#eeeeee", zorder=0, linewidth=0)
        panel.axvline(0, color="#9a9a9a", linewidth=0.8, zorder=1)
        for order, name in enumerate(others):
            rows = pairs[(pairs["split"] == split) & (pairs["estimator"] == name)]
            shift = 0.36 * ((order + 0.5) / len(others) - 0.5) * min(len(others), 2)
            heights = rows["dataset"].map(results.datasets.index).to_numpy(float) + shift
            panel.scatter(
                rows["difference"],
                heights,
                s=26,
                color=chosen[name].colour,
                marker=chosen[name].marker,
                alpha=0.75,
                linewidths=0.4,
                edgecolors="white",
                zorder=3,
            )
        panel.set_xscale("symlog", linthresh=margin, linscale=0.8)
        panel.set_xlim(-largest, largest)
        _symlog_ticks(panel, margin, largest)
        panel.set_xlabel(
            f"difference from {results.drawn_label(results.baseline)}\n(nats per datum)"
        )
    panels[0].set_yticks(range(len(results.datasets)), [drawn(d) for d in results.datasets])
    panels[0].set_ylim(len(results.datasets) - 0.4, -0.6)
    legend(figure, results, [n for n in others if n in set(pairs["estimator"])], lines=False)
    return figure


def _draw_way(
    panel: Axes, results: StudyResults, way: pd.DataFrame, clock: Clock, *, log_time: bool
) -> None:
    if way.empty:
        panel.text(0.5, 0.5, "no run to show", transform=panel.transAxes, ha="center", color=SOFT)
        panel.set(xticks=[], yticks=[])
        return
    if not log_time:
        draw_bands(panel, results, way, clock)
        panel.set_xlim(left=0)
        return
    starts = bool((way[clock] <= 0).any())
    moved, start = start_on_log_axis(way, clock)
    draw_bands(panel, results, moved, clock)
    log_time_axis(panel, clock, start if starts else None)


def _draw_target(panel: Axes, target: float) -> None:
    panel.axhline(target, color=SOFT, linewidth=1, linestyle=_DOTTED, zorder=2)
    panel.annotate(
        "target",
        (1, target),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7,
        color=SOFT,
    )


def _draw_points(panel: Axes, results: StudyResults, runs: pd.DataFrame) -> None:
    chosen = marks(results)
    for name in results.estimators:
        rows = runs[runs["estimator"] == name]
        sns.scatterplot(
            x=rows["x"],
            y=rows["y"],
            color=chosen[name].colour,
            marker=chosen[name].marker,
            s=38,
            alpha=0.8,
            linewidth=0.4,
            ax=panel,
            legend=False,
            zorder=3,
        )


def _symlog_ticks(panel: Axes, margin: float, largest: float) -> None:

    n = int(np.ceil(np.log10(largest / margin)))
    powers = margin * 10.0 ** np.arange(0, n, max(1, -(-n // 2)))
    panel.xaxis.set_major_locator(FixedLocator([*-powers[::-1], 0, *powers]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: signed(x, 2)))
