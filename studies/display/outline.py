"""What a study's run consists of as it begins, and what earlier runs of it left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studies.cells import Cell

if TYPE_CHECKING:
    from studies.results import ResultStore

ScoreName = tuple[str, str]
"""A metric and the split it is measured on."""


@dataclass(frozen=True)
class StoredRun:
    """A run that an earlier command stored.

    Parameters
    ----------
    cell
        What was run.
    status
        How it ended.
    scores
        Its values by metric and split.
    """

    cell: Cell
    status: str
    scores: Mapping[ScoreName, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outline:
    """A study as it begins.

    Parameters
    ----------
    study
        Its name.
    total
        How many cells it has.
    todo
        Those that this command runs, in order.
    stored
        What earlier commands stored of its cells, also of those that are run again.
    """

    study: str
    total: int
    todo: Sequence[Cell]
    stored: Sequence[StoredRun] = ()

    @property
    def done(self) -> int:
        """How many cells need not be run."""
        return self.total - len(self.todo)


def make_outline(
    study: str, cells: Sequence[Cell], todo: Sequence[Cell], store: "ResultStore"
) -> Outline:
    """The outline of a study whose plan is stored already.

    Parameters
    ----------
    study
        Its name.
    cells, todo
        All of its cells, and those to run.
    store
        Its results; only read.
    """
    statuses = store.cells().set_index("key")["status"]
    scores: dict[str, dict[ScoreName, float]] = {}
    columns = store.scores()[["key", "metric", "split", "value"]]
    for key, metric, split, value in columns.itertuples(index=False):
        scores.setdefault(key, {})[metric, split] = float(value)
    stored = tuple(
        StoredRun(cell, str(statuses[cell.key]), scores.get(cell.key, {}))
        for cell in cells
        if statuses.get(cell.key, "not run") != "not run"
    )
    return Outline(study, len(cells), tuple(todo), stored)
