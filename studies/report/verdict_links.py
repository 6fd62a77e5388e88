"""A comparison's figures in prose, each with its row in the table of verdicts."""

import math

from studies.report.numbers import linked
from studies.report.verdict_data import Compared

TABLE = "verdicts"


def shown_figures(compared: Compared) -> dict[str, float]:
    """Mean and interval as they are read: differences, or ratios where it is compared by ratio."""
    low, high = compared.summary.interval.bounds or (math.nan, math.nan)
    figures = {"shown": compared.summary.mean, "shown_low": low, "shown_high": high}
    if not compared.as_ratio:
        return figures
    return {name: math.exp(value) for name, value in figures.items()}


def in_verdicts(text: str, compared: Compared, column: str) -> str:
    """`text`, a figure of a comparison, with its place in the table of verdicts."""
    quantity = compared.quantity
    where = {
        "estimator": compared.one,
        "against": compared.other,
        "metric": quantity.metric.name,
        "split": quantity.split,
    }
    return linked(text, TABLE, column, where=where)
