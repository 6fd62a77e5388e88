"""The targets' figures: what each is held to, in a table and with their places for prose."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pandas as pd

from studies.report.model import Column, Entry, Table
from studies.report.numbers import linked
from studies.report.speed_data import Point, Speedup
from studies.report.words import MISSING, counted, fixed, significant

_TABLE = "targets"

Said = Callable[[str, str], str]
"""From a figure's text and its column to the text with its place."""


@dataclass(frozen=True)
class Held:
    """The figure that a target is held to.

    Parameters
    ----------
    name
        What it is of, in short.
    figure
        A ratio of speeds, or megabytes; NaN if it cannot be told.
    low, high
        Its smallest and largest over repetitions.
    least
        At the least favourable size.
    behind
        By how much the worst optimum is below the other's, in nats per datum.
    sizes, repetitions
        What it is over.
    """

    name: str
    figure: float = math.nan
    low: float = math.nan
    high: float = math.nan
    least: float = math.nan
    behind: float = math.nan
    sizes: int = 0
    repetitions: int = 0

    @classmethod
    def of(cls, name: str, speed: Speedup, points: Sequence[Point]) -> "Held":
        """A ratio of speeds over some sizes."""
        return cls(
            name,
            figure=speed.mean,
            low=speed.low,
            high=speed.high,
            least=speed.least,
            sizes=len(points),
            repetitions=speed.repetitions,
        )

    @property
    def said(self) -> Said:
        """Gives a figure its place in the table."""
        return partial(_in_table, self.name)

    def said_figure(self, column: str = "figure") -> str:
        """A figure as it is read, with its place in the table."""
        return self.said(significant(getattr(self, column)), column)


@dataclass(frozen=True)
class Verdict:
    """A target, whether it was met (None: it cannot be told), and the figure it was held to.

    Parameters
    ----------
    target
        In words.
    met
        Whether it was.
    figure
        In words, its numbers with their places.
    held
        The figure itself.
    """

    target: str
    met: bool | None
    figure: str
    held: Held

    @property
    def word(self) -> str:
        """Met, not met or not judged."""
        return {True: "met", False: "not met", None: "not judged"}[self.met]

    @property
    def text(self) -> str:
        """One line of Markdown."""
        return f"{self.target}: **{self.word}** — {self.figure}."


def spread(repetitions: int, low: float, high: float, said: Said) -> str:
    """The range over repetitions, in words."""
    if repetitions == 1:
        return "one repetition"
    return (
        f"{said(significant(low), 'low')} to {said(significant(high), 'high')} over "
        f"{said(counted(repetitions, 'repetition'), 'repetitions')}"
    )


def count_said(n: int, column: str, noun: str = "") -> str:
    """How many targets there are ("asked") or are met, missed or not judged."""
    return linked(counted(n, noun) if noun else str(n), _TABLE, column, take="sum")


def held_table(answer: Held, judged: Sequence[Verdict]) -> Table:
    """The figure of the answer, which no target is held to, and those of the targets."""
    rows = [(answer, None), *((verdict.held, verdict) for verdict in judged)]
    return Table(
        _TABLE,
        "The figures behind the answer (its first row) and the targets: iterations in the time of "
        "one of the other's, or megabytes; below them the range over repetitions. Ratios are "
        "geometric means over sizes, and beside them that of the least favourable size.",
        (
            Column("figure", align="left"),
            Column("sizes"),
            Column("repetitions"),
            Column("measured"),
            Column("least favourable"),
            Column("target", align="left"),
        ),
        tuple(_row(held, verdict) for held, verdict in rows),
        pd.DataFrame([_record(held, verdict) for held, verdict in rows]),
    )


def _row(held: Held, verdict: Verdict | None) -> tuple[Entry, ...]:
    ranged = held.low != held.high and not math.isnan(held.low)
    span = f"{significant(held.low)} to {significant(held.high)}" if ranged else ""
    return (
        Entry(held.name),
        Entry(fixed(held.sizes, 0)),
        Entry(fixed(held.repetitions, 0)),
        Entry(significant(held.figure), span),
        Entry(significant(held.least)),
        Entry(MISSING if verdict is None else verdict.word),
    )


def _record(held: Held, verdict: Verdict | None) -> dict[str, object]:
    return asdict(held) | {
        "asked": int(verdict is not None),
        "met": int(verdict is not None and verdict.met is True),
        "missed": int(verdict is not None and verdict.met is False),
        "not_judged": int(verdict is not None and verdict.met is None),
    }


def _in_table(name: str, text: str, column: str) -> str:
    return linked(text, _TABLE, column, where={"name": name})
