"""How the time per iteration grows with the data: curves on two logarithmic axes, exponents."""

import math
from dataclasses import dataclass
from functools import partial
from statistics import fmean, linear_regression

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Figure, Section, Table, Text
from studies.report.scales import short
from studies.report.speed_data import Point, step_seconds, timed_points
from studies.report.style import INK, legend, marks, panel_grid
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import MISSING, fixed, listed, significant

_LEAST_POINTS = 3


@dataclass(frozen=True)
class _Axis:
    """One sweep: its group in the study, what it varies, and how that is called."""

    group: str
    attribute: str
    letter: str
    label: str


_AXES = (
    _Axis("over-n", "n_rows", "N", "rows N"),
    _Axis("over-d", "n_features", "D", "features D"),
    _Axis("over-k", "n_components", "K", "components K"),
)
_ATTRIBUTES = {"n_rows": "N", "n_features": "D", "n_components": "K"}


def growth_section(results: StudyResults) -> Section:
    """Time per iteration against N, D and K, and the powers by which it grows."""
    axes = [axis for axis in _AXES if len(timed_points(results, [axis.group])) >= 2]
    title = "Growth with the data"
    if not axes:
        return Section("growth", title, (Text("No sweep has two sizes with figures."),))
    names = [n for n in results.estimators if any(_curve(results, a, n)[0].size for a in axes)]
    what = listed([f"{axis.letter} ({_middle(results, axis)})" for axis in axes])
    figure = Figure(
        name="growth",
        alt="Time per iteration against "
        f"{listed([axis.label for axis in axes])}, both axes logarithmic, for "
        f"{listed([results.plain_label(n) for n in names])}.",
        caption=f"Seconds per iteration with full covariances against {what}; both axes "
        "logarithmic. Lines: medians over repetitions; bars: their range. Dotted black: the bound "
        "by matrix products for EM by hand.",
        draw=partial(_draw, results, axes, names),
    )
    return Section("growth", title, (figure, _exponents(results, axes, names)))


def _middle(results: StudyResults, axis: _Axis) -> str:
    """What the sweep holds fixed, as "N = 30,000, K = 8"."""
    point = timed_points(results, [axis.group])[0]
    others = [a for a in _ATTRIBUTES if a != axis.attribute]
    return ", ".join(f"{_ATTRIBUTES[a]} = {fixed(getattr(point, a), 0)}" for a in others)


def _curve(results: StudyResults, axis: _Axis, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the estimator has figures, and its median seconds per iteration there."""
    points = timed_points(results, [axis.group])
    pairs = [(getattr(p, axis.attribute), step_seconds(results, p.dataset, name)) for p in points]
    kept = np.array([pair for pair in pairs if math.isfinite(pair[1])], dtype=float)
    return (kept[:, 0], kept[:, 1]) if len(kept) else (np.array([]), np.array([]))


def _draw(results: StudyResults, axes: list[_Axis], names: list[str]) -> Canvas:
    figure, panels = panel_grid(
        [f"against {axis.label}" for axis in axes], columns=3, row_height=3.6, sharey="all"
    )
    for panel, axis in zip(panels, axes, strict=True):
        points = timed_points(results, [axis.group])
        for name in names:
            _draw_curve(panel, results, axis, points, name)
        _draw_bound(panel, results, axis, points)
        panel.set(xscale="log", yscale="log", xlabel=axis.label)
        ticks = [getattr(point, axis.attribute) for point in points]
        panel.xaxis.set_major_locator(FixedLocator(ticks))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(x)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: short(y)))
    panels[0].set_ylabel("seconds per iteration")
    bound = Line2D([], [], color=INK, linestyle=(0, (1.5, 1.5)), linewidth=1.2)
    bound.set_label("bound by matrix products")
    legend(figure, results, names, extra=[bound])
    return figure


def _draw_curve(
    panel: Axes, results: StudyResults, axis: _Axis, points: list[Point], name: str
) -> None:
    mark = marks(results)[name]
    at, middle = _curve(results, axis, name)
    if not len(at):
        return
    panel.plot(at, middle, marker=mark.marker, markersize=4.5, **mark.line)
    for point in points:
        values = results.values("step_seconds", "", point.dataset, name)
        if len(values) > 1:
            place = getattr(point, axis.attribute)
            panel.vlines(place, values.min(), values.max(), color=mark.colour, linewidth=1.0)


def _draw_bound(panel: Axes, results: StudyResults, axis: _Axis, points: list[Point]) -> None:
    pairs = [
        (
            getattr(p, axis.attribute),
            results.values("product_seconds", "", p.dataset, results.baseline).median(),
        )
        for p in points
    ]
    kept = [(at, value) for at, value in pairs if math.isfinite(value)]
    if kept:
        panel.plot(*zip(*kept, strict=True), color=INK, linestyle=(0, (1.5, 1.5)), linewidth=1.2)


def exponent(at: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """The power a of seconds ∝ at^a by least squares of the logarithms, and its standard error.

    NaN with fewer than three points.

    Examples
    --------
    >>> [round(v, 9) for v in exponent(np.array([1.0, 2.0, 4.0]), np.array([3.0, 12.0, 48.0]))]
    [2.0, 0.0]
    """
    if len(at) < _LEAST_POINTS:
        return math.nan, math.nan
    # Python's own sums, exact to the last bit: NumPy's and BLAS's differ there by processor, and a
    # report made again elsewhere would not be the same.
    x, y = [math.log(value) for value in at], [math.log(value) for value in seconds]
    slope, intercept = linear_regression(x, y)
    rest = math.fsum((b - slope * a - intercept) ** 2 for a, b in zip(x, y, strict=True))
    spread = math.fsum((a - fmean(x)) ** 2 for a in x)
    return slope, math.sqrt(rest / (len(x) - 2) / spread)


def _exponents(results: StudyResults, axes: list[_Axis], names: list[str]) -> Table:
    rows, records = [], []
    for name in names:
        fits = [exponent(*_curve(results, axis, name)) for axis in axes]
        entries = [
            Entry(MISSING)
            if math.isnan(slope)
            else Entry(fixed(slope, 2), f"± {significant(error, 2)}")
            for slope, error in fits
        ]
        datasets = [d for axis in axes for d in results.groups.get(axis.group, [])]
        rows.append((Entry(results.label(name)), ok_entry(results, datasets, [name]), *entries))
        records.append((name, *(value for fit in fits for value in fit)))
    columns = [f"{axis.letter}{suffix}" for axis in axes for suffix in ("", "_standard_error")]
    return Table(
        "growth",
        "Exponents $a$ of seconds per iteration $\\propto N^a$, $D^a$ and $K^a$, by least squares "
        "on the logarithms of all sizes of a sweep, with the slope's standard error. The products' "
        "operations grow with exponents 1, near 2 and 1; overheads at the small end flatten a "
        "curve, and so the fit.",
        (
            Column("implementation", align="left"),
            RUNS_OK,
            *(Column(f"in {a.letter}") for a in axes),
        ),
        tuple(rows),
        pd.DataFrame(records, columns=["estimator", *columns]),
    )
