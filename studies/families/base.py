"""What every family of estimators must say for a study to run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from studies.cells import Cell
from studies.recorder import Measure
from studies.results import Score, TracePoint
from suite.data import Dataset


@dataclass(frozen=True)
class Evaluation:
    """What was found out about a fitted estimator.

    Parameters
    ----------
    scores
        The measured values.
    arrays
        What figures are drawn from.
    facts
        What a reader must know to read those figures.
    """

    scores: list[Score]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """The four things a family does its own way.

    Parameters
    ----------
    check
        Raises `InputError` if the cell cannot run on the data set.
    start
        The constructor parameters that give every estimator of the family the same start, and
        the trace at that start (step 0). The clock does not run meanwhile.
    measure
        How a state on the way is scored.
    evaluate
        How the fitted estimator is scored.
    """

    check: Callable[[Cell, Dataset], None]
    start: Callable[[Cell, Dataset], tuple[dict[str, Any], list[TracePoint]]]
    measure: Callable[[Cell, Dataset], Measure]
    evaluate: Callable[[Cell, Dataset, Any], Evaluation]
