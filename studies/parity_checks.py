"""Which estimators the parity gate checks on which data: a study's cells, thinned out."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from studies.cells import Cell
from studies.code_hash import code_hash
from studies.results import ParityRow

WHOLE = "all"
"""The quantity of a row that stands for a check that came to no end."""

_WITHOUT_PARITY = ("autoencoder",)
"""Families that are another model, with nothing to compare."""


@dataclass(frozen=True)
class ParityCheck:
    """One estimator on one data set."""

    cell: Cell

    @property
    def data(self) -> tuple[str, int]:
        """What names the loaded data."""
        return self.cell.dataset, self.cell.data_seed

    @cached_property
    def key(self) -> str:
        """Sixteen hexadecimal digits: a hash of all that decides the outcome."""
        cell = self.cell
        content = [
            *(cell.load, cell.options, cell.data_hash, cell.data_seed, cell.start_seed),
            *(cell.registered, cell.settings, cell.device, cell.code_hash),
            code_hash("studies.families.parity:CHECKS", cell.kind),
            *(cell.dataset, cell.estimator),
        ]
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def row(self, status: str, message: str) -> ParityRow:
        """One row for a check that came to no end."""
        return ParityRow(
            key=self.key,
            dataset=self.cell.dataset,
            estimator=self.cell.estimator,
            quantity=WHOLE,
            difference=math.nan,
            tolerance=math.nan,
            status=status,
            message=message,
        )


def parity_checks(cells: Sequence[Cell]) -> list[ParityCheck]:
    """The checks that a study needs, those of one data set after each other.

    Of the first seed; of a sweep one point for each estimator, covariance type and number of
    features: the first of those with the fewest rows to draw and more than one component. What is
    there to be timed again alone, or has no likelihood, is left out.
    """
    chosen: dict[tuple[Any, ...], Cell] = {}
    for cell in cells:
        if cell.seed != 0 or cell.timing_only or cell.spec.family in _WITHOUT_PARITY:
            continue
        place = _place(cell)
        if place not in chosen or _effort(cell) < _effort(chosen[place]):
            chosen[place] = cell
    order = {name: i for i, name in enumerate(dict.fromkeys(c.dataset for c in cells))}
    return [ParityCheck(c) for c in sorted(chosen.values(), key=lambda c: order[c.dataset])]


def _place(cell: Cell) -> tuple[Any, ...]:
    kind = cell.settings.get("covariance_type")
    return cell.estimator, cell.group or cell.dataset, kind, cell.options.get("n_features")


def _effort(cell: Cell) -> tuple[bool, int]:
    """Of one component there is little to see; else the fewer rows are to be drawn, the better."""
    return cell.settings.get("n_components") == 1, int(cell.options.get("n_samples") or 0)
