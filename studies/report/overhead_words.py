"""What the tables of a study of overhead have in common: figures with their ranges, and ratios."""

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Entry
from studies.report.overhead_data import Ranged, Size, held_ratio, ranged
from studies.report.words import MISSING, fixed, significant

RANGE = "Medians over repetitions; below, their range."


def range_entry(value: Ranged) -> Entry:
    """The median, and the range below it."""
    return Entry(significant(value.median), span(value)) if value.n else Entry(MISSING)


def span(value: Ranged, decimals: int | None = None) -> str:
    """The range in words, with so many decimals or by significant digits; empty without one."""
    if value.n < 2:
        return ""
    shown = [
        significant(v) if decimals is None else fixed(v, decimals) for v in (value.low, value.high)
    ]
    return " to ".join(shown)


def ratio_entry(results: StudyResults, size: Size, name: str, ratios: pd.Series) -> Entry:
    """A time as a multiple of the baseline's, its range, and whether it is within the noise."""
    if name == results.baseline:
        return Entry("1")
    ratio = ranged(ratios)
    if not ratio.n:
        return Entry(MISSING)
    held = held_ratio(results, size, ratios)
    tie = f"a tie within {significant(100 * held.floor, 2)}%" if held.is_tie else ""
    return Entry(significant(ratio.median), ", ".join(filter(None, (span(ratio), tie))))
