"""What the tables of a study of speed have in common: a row's size, and units."""

from collections.abc import Sequence

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry
from studies.report.numbers import linked
from studies.report.speed_data import SIMULATED_GROUPS, Point
from studies.report.words import escaped, fixed, significant

POINT_COLUMNS = (Column("N, D, K", align="left"), Column("covariances", align="left"))
"""The columns that say which size a row is of."""


def point_entries(point: Point) -> tuple[Entry, Entry]:
    """A row's entries in `POINT_COLUMNS`; real tables are named."""
    size = ", ".join(fixed(value, 0) for value in point.size)
    named = "" if point.group in SIMULATED_GROUPS else escaped(point.group)
    return Entry(size, named), Entry(point.covariance_type)


def present(results: StudyResults, points: Sequence[Point]) -> list[str]:
    """The implementations that the study ran on any of the points."""
    return [
        name
        for name in results.estimators
        if any(results.planned(point.dataset, name) for point in points)
    ]


STEP_SECONDS = "step-seconds"
"""The table of times per iteration; its frame has the ratios of its notes too."""


def in_step_seconds(dataset: str, estimator: str, text: str, column: str) -> str:
    """`text`, of an estimator's times over the baseline's, with its place in the table.

    The columns are "ratio" (the median over repetitions), "low", "high" and "repetitions".
    """
    return linked(text, STEP_SECONDS, f"{estimator}_{column}", where={"dataset": dataset})


def milliseconds(seconds: float) -> str:
    """A duration in milliseconds, without its unit."""
    return significant(1e3 * seconds)


def percent(share: float) -> str:
    """A share of 1 with a per cent sign."""
    return f"{significant(100 * share, 2)}%"
