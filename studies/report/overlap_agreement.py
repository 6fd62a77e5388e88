"""How near EM's rate as observed comes to theory, over the fits that show one."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import pandas as pd

from studies.report.model import Column, Entry, Table
from studies.report.numbers import linked
from studies.report.overlap_data import Overlap
from studies.report.words import counted, significant

_TABLE = "rate-agreement"
_ALL = "all"


@dataclass(frozen=True)
class Agreement:
    """By how much the rate as observed differs from theory.

    Parameters
    ----------
    dataset, separation
        Where; "all" and NaN for the fits of all separations together.
    fits
        How many show a rate.
    median, largest
        Of the differences, without their signs; NaN without fits.
    """

    dataset: str
    separation: float
    fits: int
    median: float
    largest: float

    def said(self, column: str) -> str:
        """A difference with its place in the table."""
        return self._linked(significant(getattr(self, column), 2), column)

    @property
    def said_fits(self) -> str:
        """The number of fits with its place in the table."""
        return self._linked(counted(self.fits, "fit"), "fits")

    def _linked(self, text: str, column: str) -> str:
        return linked(text, _TABLE, column, where={"dataset": self.dataset})


def agreements(found: Sequence[Overlap]) -> list[Agreement]:
    """One a separation, the closest components first, and last that of all together."""
    every = pd.concat([overlap.rates for overlap in found])
    by_place = [_agreement(o.dataset, o.separation, o.rates) for o in found]
    return [*by_place, _agreement(_ALL, math.nan, every)]


def agreement_table(found: Sequence[Overlap]) -> Table:
    """Separation by separation, and over all."""
    rows = agreements(found)
    return Table(
        _TABLE,
        "How far EM's rate ρ as observed is from theory: median and largest difference over the "
        "fits that show a rate, whatever its sign.",
        (Column("separation"), Column("fits"), Column("median"), Column("largest")),
        tuple(
            (
                Entry(_ALL if row.dataset == _ALL else significant(row.separation)),
                Entry(f"{row.fits:,}"),
                *(Entry(significant(value, 2)) for value in (row.median, row.largest)),
            )
            for row in rows
        ),
        pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(Agreement)]),
    )


def agreement_sentence(found: Sequence[Overlap]) -> str:
    """Over all separations; empty where no fit shows a rate."""
    whole = agreements(found)[-1]
    if not whole.fits:
        return ""
    return (
        f"The rate as observed differs from theory by {whole.said('median')} in the median of "
        f"{whole.said_fits} and by {whole.said('largest')} at the most."
    )


def _agreement(dataset: str, separation: float, rates: pd.DataFrame) -> Agreement:
    known = rates.dropna()
    differences = (known["observed"] - known["theory"]).abs()
    if differences.empty:
        return Agreement(dataset, separation, 0, math.nan, math.nan)
    middle, most = float(differences.median()), float(differences.max())
    return Agreement(dataset, separation, len(known), middle, most)
