"""What every part of the article is written from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from studies.report.model import Column, Entry, Table, Text
from studies.report.numbers import linked
from studies.report.words import fixed, listed, significant
from studies.tour.checks import Check
from studies.tour.ledger import Ledger
from studies.tour.others import Others
from studies.tour.store import TourResults

OWN = "the tour"


@dataclass(frozen=True, eq=False)
class Tour:
    """The tour's measurements, those of other studies, and the numbers told so far."""

    own: TourResults
    others: Others
    ledger: Ledger = field(default_factory=Ledger)

    def whole(self, name: str, what: str) -> str:
        """A count that the tour stored, in words of its own: "1,600"."""
        return self.ledger.number(name, self.own.values[name], lambda v: fixed(v, 0), what, OWN)

    def decimal(self, name: str, digits: int, what: str) -> str:
        """A value that the tour stored, with so many decimals."""
        form = partial(fixed, digits=digits)
        return self.ledger.number(name, self.own.values[name], form, what, OWN)

    def derived(self, name: str, value: float, digits: int, what: str) -> str:
        """A number that follows from the tour's stored arrays, with so many decimals."""
        return self.ledger.number(name, value, partial(fixed, digits=digits), what, OWN)

    def rough(self, name: str, value: float, what: str, source: str = OWN) -> str:
        """A number to three significant digits."""
        return self.ledger.number(name, value, significant, what, source)

    def check(self, name: str) -> Check:
        """A line that was checked."""
        return self.own.checks[name]


def told(tour: Tour, part: str, *names: str) -> Text:
    """Checks in a sentence each, to stand below the line that they are of.

    Parameters
    ----------
    part
        The part whose table of checks has their rows.
    """
    return Text("\n>\n".join(f"> {_sentence(tour.check(name), part)}" for name in names))


def checks_table(tour: Tour, part: str, lines: Sequence[tuple[str, str]]) -> Table:
    """The checks of a part, in full.

    Parameters
    ----------
    lines
        A check's name and the line that it checks, in Markdown.
    """
    checks = [tour.check(name) for name, _ in lines]
    rows = tuple(
        (
            Entry(line, check.data),
            Entry(_value(check.left)),
            Entry(_value(check.right)),
            Entry(significant(check.difference, 2)),
            Entry(significant(check.tolerance, 2), check.why),
            Entry("holds" if check.holds else "**does not hold**"),
        )
        for check, (_, line) in zip(checks, lines, strict=True)
    )
    frame = pd.DataFrame([vars(check) | {"holds": check.holds} for check in checks])
    return Table(
        name=f"checks-{part}",
        caption="The checks of this part: both sides as they were computed, in means over the "
        "data; the largest difference; what it may be at most, and why. For a line with $\\le$ the "
        "difference is the largest excess of the left side over the right, below 0 where there is "
        "none.",
        columns=(
            Column("line", align="left"),
            Column("left side"),
            Column("right side"),
            Column("difference"),
            Column("tolerance"),
            Column("verdict", align="left"),
        ),
        rows=rows,
        frame=frame,
    )


def missing(name: str, what: str) -> Text:
    """What a part says in the place of results that are not there."""
    return Text(
        f"*Left out: {what}. There are no stored results of the study `{name}` with it; "
        f"`studies run {name}` makes them.*"
    )


def absent(tour: Tour) -> str:
    """A sentence about the studies that the tour found nothing of; empty if there are all."""
    names = [f"`{name}`" for name in tour.others.missing]
    if not names:
        return ""
    return f"No results are stored of {listed(names)}; what would come from there is left out."


def _sentence(check: Check, part: str) -> str:
    def number(text: str, column: str) -> str:
        return linked(text, f"checks-{part}", column, where={"name": check.name})

    left, right = number(_value(check.left), "left"), number(_value(check.right), "right")
    unit = "" if check.unit == "1" else f" {check.unit}"
    tolerance = number(significant(check.tolerance, 2), "tolerance")
    verdict = "It holds" if check.holds else "**It does not hold**"
    difference = number(significant(check.difference, 2), "difference")
    if check.relation == "at most":
        return (
            f"**Checked** on {check.data}: left {left}, right {right}{unit} on average; "
            f"{_order(check, part)}. {verdict} (tolerance {tolerance}, {check.why})."
        )
    return (
        f"**Checked** on {check.data}: left {left}, right {right}{unit}; difference "
        f"{difference}, tolerance {tolerance} ({check.why}). {verdict}."
    )


def _order(check: Check, part: str) -> str:
    """How the left side of an "at most" lies to the right one where it comes closest."""
    if check.difference == 0:
        return "the left side is nowhere above the right"
    size = significant(abs(check.difference), 2)
    place = f"checks-{part}"
    number = linked(size, place, "difference", where={"name": check.name}, take="size")
    if check.difference < 0:
        return f"the left side is below the right everywhere, at the closest by {number}"
    return f"the left side exceeds the right by up to {number}"


def _value(value: float) -> str:
    return fixed(value, 4) if abs(value) >= 1e-3 else significant(value, 3)
