"""Which unrounded figure stands behind each number that a table shows.

A table shows rounded numbers, `Table.frame` has the unrounded ones. A shown number belongs to the
column of the frame of which it is the rounding in every row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from studies.report.model import Table
from studies.report.numbers import NUMBER, agrees
from studies.report.words import plain


@dataclass(frozen=True)
class Slot:
    """A place for a number in a shown table.

    Parameters
    ----------
    column
        The shown column, counted from 0.
    note
        Whether it is in the smaller note below the figure.
    position
        Which number of that text, counted from 0.
    """

    column: int
    note: bool
    position: int


def aligned(table: Table) -> dict[Slot, str]:
    """The frame's column behind every place for a number; places without one are left out.

    A column of the frame stands behind one place at most; among several that fit, the first in
    the frame's order is taken.
    """
    if len(table.frame) != len(table.rows):
        return {}
    found: dict[Slot, str] = {}
    numeric = [name for name in table.frame if pd.api.types.is_numeric_dtype(table.frame[name])]
    free = {str(name): [float(value) for value in table.frame[name]] for name in numeric}
    for slot, shown in _shown(table).items():
        column = next((name for name, values in free.items() if _fits(shown, values)), None)
        if column is not None:
            found[slot] = column
            del free[column]
    return found


def numbers_in(text: str) -> list[str]:
    """The numbers of a cell's text, in order."""
    return [match.group() for match in NUMBER.finditer(plain(text))]


def _shown(table: Table) -> dict[Slot, dict[int, str]]:
    """By place: row and number; figures before the notes, so that they choose first."""
    found: dict[Slot, dict[int, str]] = {}
    for note in (False, True):
        for row, column, position, number in _numbers(table, note):
            found.setdefault(Slot(column, note, position), {})[row] = number
    return found


def _numbers(table: Table, note: bool) -> Iterator[tuple[int, int, int, str]]:
    for i, row in enumerate(table.rows):
        for j, entry in enumerate(row):
            for k, number in enumerate(numbers_in(entry.note if note else entry.text)):
                yield i, j, k, number


def _fits(shown: dict[int, str], values: list[float]) -> bool:
    return all(values[row] == values[row] and agrees(n, values[row]) for row, n in shown.items())
