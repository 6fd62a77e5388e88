"""Every run of a study as a page needs it: compact, and once for all panels."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from studies.report.comparison import target_metric
from studies.report.html.pictures import run_pictures
from studies.report.loaded import StudyResults
from studies.report.model import Table
from studies.study_files import builtin_names

_CURVE_POINTS = 40

_UNSAID = (
    "code_hash",
    "dataset",
    "estimator",
    "seed",
    "study",
    "kind",
    "registered",
    "settings",
    "timing_only",
    "load",
)
"""What a cell's description has that is no setting, or that is said elsewhere."""


@dataclass(frozen=True)
class Places:
    """Which runs belong to a place: a data set and an estimator.

    Parameters
    ----------
    keys
        The runs' keys by data set and estimator, seed by seed.
    titles
        What a run is called, by key.
    """

    keys: Mapping[tuple[str, str], Mapping[int, str]]
    titles: Mapping[str, str]

    @classmethod
    def of(cls, results: StudyResults) -> "Places":
        """The places of a study."""
        keys: dict[tuple[str, str], dict[int, str]] = {}
        titles = {}
        for key, dataset, estimator, seed in results.cells[
            ["key", "dataset", "estimator", "seed"]
        ].to_numpy():
            keys.setdefault((dataset, estimator), {})[int(seed)] = key
            titles[key] = run_title(results, dataset, estimator, seed)
        return cls(keys, titles)

    @classmethod
    def none(cls) -> "Places":
        """For a document without runs."""
        return cls({}, {})

    def title(self, key: str) -> str:
        """What a run is called."""
        return self.titles[key]

    def run_of_row(self, table: Table, i: int) -> str:
        """The first run that row `i` is of, by the table's unrounded figures; "" if none."""
        frame = table.frame
        if len(frame) != len(table.rows) or not {"dataset", "estimator"} <= set(frame):
            return ""
        row = frame.iloc[i]
        runs = self.keys.get((str(row["dataset"]), str(row["estimator"])), {})
        if "seed" in frame and not pd.isna(row["seed"]):
            return runs.get(int(row["seed"]), "")
        return next(iter(runs.values()), "")


def run_title(results: StudyResults, dataset: str, estimator: str, seed: int) -> str:
    """What a run is called."""
    return f"{dataset}, {results.plain_label(estimator)}, seed {seed}"


def run_data(results: StudyResults) -> dict[str, Any]:
    """All runs, for the page's script.

    Returns
    -------
    "measures": [name, split, unit, label] of each column of a run's scores; "places": what the runs
    of a data set and estimator share (data set, label, settings, colour is in the curves' data);
    "runs": by key, [place, seed, status, message, traceback, scores, provenance, curve, pictures],
    where None stands for what is not there.
    """
    pairs = results.scores[["metric", "split", "unit"]].drop_duplicates()
    measures = sorted({(m, s, u) for m, s, u in pairs.to_numpy()})
    columns = {(m, s): k for k, (m, s, _) in enumerate(measures)}
    places: dict[tuple[str, str], int] = {}
    runs = {}
    scores = dict(list(results.scores.groupby("key", sort=False)))
    curves = _curves(results)
    for row in results.cells.to_dict("records"):
        place = places.setdefault((row["dataset"], row["estimator"]), len(places))
        runs[row["key"]] = [
            place,
            int(row["seed"]),
            row["status"],
            row["message"] or None,
            row["traceback"] or None,
            _values(scores.get(row["key"]), columns),
            _facts(row["provenance"]),
            curves.get(row["key"]),
            run_pictures(results, str(row["key"]), row["dataset_facts"]) or None,
        ]
    return {
        "measures": [list(measure) for measure in measures],
        "curve": list(target_metric(results)),
        "places": [_place(results, *place) for place in places],
        "runs": runs,
    }


def rerun_command(results: StudyResults, dataset: str, estimator: str, seed: int) -> str:
    """What makes this run again, in a folder of its own so that the study's results stay whole.

    A study's own file has to be named where this command has the study's name.
    """
    known = results.name in builtin_names()
    first = results.repeats.get(estimator, estimator)
    words = ["studies", "run", results.name if known else f"{results.name}.toml"]
    profile = str(results.document.get("profile", "full"))
    words += ["--profile", profile] if profile != "full" else []
    words += ["--datasets", dataset, "--estimators", first, "--seeds", str(seed + 1)]
    return shlex.join([*words, "--out", "reports/again"])


def significant_value(value: float, digits: int = 6) -> float | int | None:
    """A number rounded for drawing; None where it is not finite."""
    if not np.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded


def _place(results: StudyResults, dataset: str, estimator: str) -> dict[str, Any]:
    cell = results.runs(dataset, estimator).iloc[0]["description"]
    settings = {**(cell.get("settings") or results.settings(dataset, estimator))}
    rest = {
        name: value
        for name, value in cell.items()
        if name not in _UNSAID and value not in (None, {}, [], "", False)
    }
    command = rerun_command(results, dataset, estimator, 0)
    return {
        "dataset": dataset,
        "estimator": estimator,
        "label": results.plain_label(estimator),
        "registered": str(cell.get("registered") or results.registered(estimator)),
        "settings": {str(name): settings[name] for name in sorted(settings)},
        "conditions": {name: rest[name] for name in sorted(rest)},
        "command": command.replace(" --seeds 1 ", " --seeds SEEDS "),
    }


def _values(rows: pd.DataFrame | None, columns: dict[tuple[str, str], int]) -> list[Any] | None:
    if rows is None:
        return None
    values: list[Any] = [None] * len(columns)
    for metric, split, value in rows[["metric", "split", "value"]].to_numpy():
        values[columns[metric, split]] = significant_value(float(value), 9)
    return values


def _facts(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: significant_value(value, 3) if isinstance(value, float) else value
        for name, value in sorted(provenance.items())
        if not isinstance(value, dict | list)
    }


def _curves(results: StudyResults) -> dict[str, list[list[Any]]]:
    """By run: steps, seconds and values of the target's metric, thinned out evenly in the log."""
    metric, split = target_metric(results)
    rows = results.trace[(results.trace["metric"] == metric) & (results.trace["split"] == split)]
    found: dict[str, list[list[Any]]] = {}
    for key, run in rows.groupby("key", sort=False):
        kept = run.iloc[_thinned(len(run))]
        found[str(key)] = [
            [int(step) for step in kept["step"]],
            [significant_value(float(second), 4) for second in kept["seconds"]],
            [significant_value(float(value), 7) for value in kept["value"]],
        ]
    return found


def _thinned(n: int) -> np.ndarray:
    if n <= _CURVE_POINTS:
        return np.arange(n)
    return np.unique(np.r_[0, np.geomspace(1, n - 1, _CURVE_POINTS - 1).round().astype(int)])
