"""What an extra measurement of a VAE or an autoencoder is; `studies.extras` lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studies.cells import Cell
from studies.families.base import Evaluation
from suite.data import Dataset
from suite.progress import Progress

Watch = Callable[[Progress], None]
"""Looks at one epoch's state while the clock stands still."""


def _nothing(progress: Progress) -> None:
    """Take no note."""


def _watch_nothing(cell: Cell, dataset: Dataset) -> Watch:
    return _nothing


@dataclass(frozen=True)
class Extra:
    """A further measurement that a study may ask for in `evaluation.extra`.

    Parameters
    ----------
    evaluate
        (cell, data, fitted estimator, what every run is scored by) -> what it adds. Empty where it
        means nothing for the estimator: an autoencoder's likelihood, say.
    watch
        (cell, data) -> called with the epochs that are scored on the way, in the same process. It
        must draw from no generator but its own.
    """

    evaluate: Callable[[Cell, Dataset, Any, Evaluation], Evaluation]
    watch: Callable[[Cell, Dataset], Watch] = _watch_nothing
