"""A comparison as JSON-able data."""

import math
from dataclasses import asdict
from typing import Any

from studies.comparing.comparison import Comparison, StudyComparison
from studies.comparing.matching import Place
from studies.comparing.value import ALL_DATASETS, ComparedValue

FORMAT = 1
"""Of the records; raised when a field changes its meaning or goes. Fields may be added."""


def record(comparison: Comparison) -> dict[str, Any]:
    """Everything that was found.

    Keys: `format`, `a`, `b`, `moved`, `only_in_a`, `only_in_b` (studies) and `studies`, a list with
    `study`, `moved`, `differences`, `status_changes`, `only_in_a`, `only_in_b` (runs) and `values`.
    A value's `change` and `interval` are differences, or ratios if `as_ratio`; null stands for what
    is not there, and for the `dataset` of a value over all of them.
    """
    return {
        "format": FORMAT,
        "a": comparison.a,
        "b": comparison.b,
        "moved": comparison.moved,
        "only_in_a": list(comparison.only_in_a),
        "only_in_b": list(comparison.only_in_b),
        "studies": [_study(study) for study in comparison.studies],
    }


def _study(study: StudyComparison) -> dict[str, Any]:
    matching = study.matching
    return {
        "study": study.study,
        "moved": study.moved,
        "differences": [
            asdict(found) | {"where": list(found.where)} for found in study.differences
        ],
        "status_changes": [
            _place(change.place) | {"before": change.before, "after": change.after}
            for change in matching.changes
        ],
        "only_in_a": [_place(place) for place in matching.only_in_a],
        "only_in_b": [_place(place) for place in matching.only_in_b],
        "values": [_value(value) for value in study.values],
    }


def _place(place: Place) -> dict[str, Any]:
    dataset, estimator, seed = place
    return {"dataset": dataset, "estimator": estimator, "seed": seed}


def _value(value: ComparedValue) -> dict[str, Any]:
    bounds = value.summary.interval.bounds
    shown = math.exp if value.as_ratio else float
    return {
        "dataset": None if value.dataset == ALL_DATASETS else value.dataset,
        "estimator": value.estimator,
        "metric": value.quantity.metric.name,
        "split": value.quantity.split,
        "unit": value.quantity.metric.unit,
        "before": _finite(value.before),
        "after": _finite(value.after),
        "as_ratio": value.as_ratio,
        "change": _finite(shown(value.summary.mean)),
        "interval": None if bounds is None else [shown(bound) for bound in bounds],
        "pairs": value.summary.n,
        "planned": value.summary.planned,
        "finding": value.finding,
        "moved": value.moved,
        "reason": value.reason,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
