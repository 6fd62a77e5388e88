"""Curves with a band over seeds, against steps or against seconds."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from studies.report.loaded import StudyResults
from studies.report.scales import Clock
from studies.report.style import marks

_GRID_POINTS = 64


def on_one_grid(way: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Every run's value at common times, so that runs can be summarised time by time.

    A run's recorded points are joined by straight lines; after its end it keeps its last value.
    The grid of an estimator begins where all of its runs have a value and ends with the longest.

    Parameters
    ----------
    way
        Columns estimator, seed, step, seconds, value.
    clock
        Which of the two is the time.

    Returns
    -------
    Columns estimator, seed, at, value.
    """
    pieces = []
    for estimator, rows in way.groupby("estimator", sort=False):
        runs = {seed: run.sort_values("step") for seed, run in rows.groupby("seed")}
        grid = _grid([run[clock].to_numpy(float) for run in runs.values()])
        for seed, run in runs.items():
            values = np.interp(grid, run[clock].to_numpy(float), run["value"].to_numpy())
            pieces.append(
                pd.DataFrame({"estimator": estimator, "seed": seed, "at": grid, "value": values})
            )
    if not pieces:
        return pd.DataFrame(columns=["estimator", "seed", "at", "value"])
    return pd.concat(pieces, ignore_index=True)


def draw_bands(
    axis: Axes, results: StudyResults, way: pd.DataFrame, clock: Clock, *, ends: bool = True
) -> None:
    """Each estimator's median over seeds as a line, all seeds' range as a band.

    With `ends`, a dot stands where each run ended.
    """
    chosen = marks(results)
    curves = on_one_grid(way, clock)
    for order, name in enumerate(results.estimators):
        curve = curves[curves["estimator"] == name]
        if curve.empty:
            continue
        by_time = curve.groupby("at")["value"].agg(["min", "median", "max"])
        colour = chosen[name].colour
        sns.lineplot(
            x=by_time.index,
            y=by_time["median"],
            estimator=None,
            ax=axis,
            legend=False,
            zorder=3 + order,
            **chosen[name].line,
        )
        axis.fill_between(
            by_time.index,
            by_time["min"],
            by_time["max"],
            color=colour,
            alpha=0.16,
            linewidth=0,
            zorder=3 + order,
        )
        if ends:
            _mark_ends(axis, way[way["estimator"] == name], clock, colour, 20 + order)
    axis.set(xlabel="", ylabel="")


def _grid(times: list[np.ndarray]) -> np.ndarray:
    low = max(float(t[0]) for t in times)
    every = np.unique(np.concatenate(times))
    every = every[every >= low]
    if len(every) <= _GRID_POINTS:
        return every
    positive = every[every > 0]
    fine = np.geomspace(positive[0], positive[-1], _GRID_POINTS)
    fine[-1] = positive[-1]
    return np.unique(np.concatenate([every[:1], fine]))


def _mark_ends(axis: Axes, way: pd.DataFrame, clock: Clock, colour: str, zorder: int) -> None:
    last = way.sort_values("step").groupby("seed").last()
    axis.scatter(
        last[clock], last["value"], s=17, color=colour, edgecolor="white", lw=0.5, zorder=zorder
    )
