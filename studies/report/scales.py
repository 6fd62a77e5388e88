"""Logarithmic axes that have a place for zero, labelled as what it is."""

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from studies.report.words import fixed

Clock = Literal["step", "seconds"]


def start_on_log_axis(way: pd.DataFrame, clock: Clock) -> tuple[pd.DataFrame, float]:
    """`way` with time 0 moved to a place that a logarithmic axis has, and that place."""
    positive = way.loc[way[clock] > 0, clock]
    first = float(positive.min()) if len(positive) else 1.0
    place = 0.4 if clock == "step" else 10 ** (np.log10(first) - 0.4)
    moved = way.copy()
    moved[clock] = moved[clock].astype(float).where(moved[clock] > 0, place)
    return moved, place


def log_time_axis(axis: Axes, clock: Clock, start: float | None) -> None:
    """A logarithmic time axis with a tick "start" at the place of time 0."""
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    ticks = [*([] if start is None else [start]), *_decades(low, high, start)]
    labels = {start: "start"} if start is not None else {}
    axis.xaxis.set_major_locator(FixedLocator(ticks))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: labels.get(x, short(x))))


def floor_below(values: pd.Series, rounding: float) -> float:
    """A power of ten below every value that is drawn as more than 0: the place of 0."""
    drawn_values = values[np.isfinite(values) & (values > rounding)]
    smallest = float(drawn_values.min()) if len(drawn_values) else 1e-3
    return float(10.0 ** (np.floor(np.log10(smallest)) - 1))


def log_value_axis(axis: Axes, floor: float, floor_label: str, *, least_top: float = 0) -> None:
    """A logarithmic value axis in powers of ten whose foot, at `floor`, is labelled.

    It reaches up to `least_top` at the least.
    """
    axis.set_yscale("log")
    high = max(axis.get_ylim()[1], floor * 100, least_top)
    axis.set_ylim(floor / 2.2, high)
    powers = 10.0 ** np.arange(np.log10(floor) + 1, np.floor(np.log10(high)) + 1)
    powers = powers[:: max(1, -(-len(powers) // 5))]
    axis.yaxis.set_major_locator(FixedLocator([floor, *powers]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(
        FuncFormatter(lambda y, _: floor_label if np.isclose(y, floor, atol=0) else short(y))
    )
    axis.axhline(floor, color="#bdbdbd", linewidth=0.9, zorder=1)


def short(value: float) -> str:
    """A tick's label: as short as it can be.

    Examples
    --------
    >>> short(100.0), short(0.01), short(1e-7), short(2500.0)
    ('100', '0.01', '10⁻⁷', '2,500')
    """
    if value >= 1:
        return fixed(value, 0)
    if value >= 1e-3:
        return f"{value:g}"
    return fixed(value, 0).removeprefix("1×")


def _decades(low: float, high: float, start: float | None) -> np.ndarray:
    """At most six powers of ten in the range; twos and fives as well where those are too few."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    clear = max(0.2, 0.1 * np.log10(high / low))  # decades that the label "start" takes
    least = low if start is None else start * 10**clear

    def within(ticks: np.ndarray) -> np.ndarray:
        return ticks[(ticks >= least) & (ticks <= high)]

    if len(within(powers)) < 3:
        return within(np.outer(powers, [1, 2, 5]).ravel())
    return within(powers)[:: max(1, -(-len(within(powers)) // 5))]
