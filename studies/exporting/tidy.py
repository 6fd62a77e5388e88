"""A study's results as tidy tables: a row a measured value, a step's value, or a run."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from studies.cells import derived_seed
from studies.metrics import METRICS
from studies.report.loaded import StudyResults

_PLACE = (
    "study",
    "key",
    "dataset",
    "factors",
    "estimator",
    "label",
    "seed",
    "data_seed",
    "start_seed",
    "status",
)
_MEASURED = ("metric", "split", "value", "unit")


def tidy_scores(results: StudyResults) -> pd.DataFrame:
    """A row a measured value; a run that left none, or was not run, has one row all the same.

    Columns: the run's place (`study`, `key`, `dataset`, `factors`, `estimator`, `label`, `seed`,
    `data_seed`, `start_seed`, `status`), `message`, then `metric`, `split`, `value` and `unit`.
    `factors` is what a sweep varies, as JSON. The two derived seeds decide the split and the start;
    they are missing where the run's description does not tell them. `value` is NaN where it was not
    finite, and where there is none; then `metric` is empty.
    """
    places = _places(results)
    values = results.scores[["key", *_MEASURED]]
    found = places.merge(values, on="key", how="left", sort=False)
    text = ["metric", "split", "unit"]
    found[text] = found[text].astype(object).fillna("")
    return found[[*_PLACE, "message", *_MEASURED]]


def tidy_trace(results: StudyResults) -> pd.DataFrame:
    """A row a value on the way: the run's place, `step`, `seconds`, and as in `tidy_scores`."""
    points = results.trace[["key", "step", "seconds", "metric", "split", "value"]]
    found = _places(results).merge(points, on="key", how="inner", sort=False)
    found["unit"] = [METRICS[name].unit if name in METRICS else "" for name in found["metric"]]
    return found[[*_PLACE, "step", "seconds", *_MEASURED]]


def tidy_cells(results: StudyResults) -> pd.DataFrame:
    """A row a planned run: its place, `message`, `traceback` and three JSON columns.

    `description` is all that decides the run's result, `dataset_facts` is what it learned of the
    data, `provenance` when and on what it ran.
    """
    found = _places(results)
    for column in ("description", "dataset_facts", "provenance"):
        found[column] = [_json(content) for content in results.cells[column]]
    found["traceback"] = list(results.cells["traceback"])
    return found[[*_PLACE, "message", "traceback", "description", "dataset_facts", "provenance"]]


TABLES: dict[str, Callable[[StudyResults], pd.DataFrame]] = {
    "scores": tidy_scores,
    "trace": tidy_trace,
    "cells": tidy_cells,
}
"""The tidy tables, by the names of their files."""


def _places(results: StudyResults) -> pd.DataFrame:
    """Where each planned run stands, in the plan's order."""
    cells = results.cells
    places = cells[["key", "dataset", "estimator", "seed", "status", "message"]].copy()
    places["study"] = results.name
    places["factors"] = [_json(results.factors(name)) for name in cells["dataset"]]
    places["label"] = [results.plain_label(name) for name in cells["estimator"]]
    for purpose in ("data", "start"):
        seeds = [
            _seed(text, int(seed), purpose)
            for text, seed in zip(cells["description"], cells["seed"], strict=True)
        ]
        places[f"{purpose}_seed"] = pd.array(seeds, dtype="Int64")
    return places


def _seed(description: dict[str, Any], seed: int, purpose: str) -> int | None:
    if "study" not in description:
        return None
    name = description.get("group") or description["dataset"]
    return derived_seed(str(description["study"]), str(name), seed, purpose)


def _json(content: object) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)
