"""The curves that a reader can switch: steps or seconds, as they are or as a gap to the best."""

from typing import Any

import numpy as np
import pandas as pd

from studies.metrics import metric
from studies.report.curves import on_one_grid
from studies.report.html.run_data import significant_value
from studies.report.loaded import StudyResults
from studies.report.progress_figures import CLOCKS, clock_name, rounding
from studies.report.scales import floor_below
from studies.report.style import marks

_MEASURES = {
    "mixture": (("log_likelihood", "train"), ("elbo", "train"), ("gap", "train")),
    "vae": (("elbo", "test"), ("objective", "train"), ("reconstruction_error", "test")),
}
_SPLITS = {"train": "training data", "test": "held-out data", "": ""}
_MOST_PLACES = 60


def curve_data(results: StudyResults) -> dict[str, Any] | None:
    """Every estimator's curves, median and range over seeds; None where no way was recorded.

    Returns
    -------
    "estimators": by name, label, colour and dash; "clocks": the axes' titles; "places": the data
    sets; "measures": each with label, unit, floor (what is drawn as 0) and "curves", by place,
    clock and "raw" or "gap": [estimator, times, lowest, median, highest].

    The gap is how far a value is from the best that any estimator reached on the same data set and
    seed, of the same kind of likelihood.
    """
    measures = [_measure(results, *m) for m in _MEASURES[results.kind]]
    kept = [m for m in measures if m is not None]
    if not kept or len(results.datasets) > _MOST_PLACES:
        return None
    chosen = marks(results)
    return {
        "estimators": {
            name: {
                "label": results.plain_label(name),
                "colour": chosen[name].colour,
                "dash": list(chosen[name].dash or ()),
                "width": chosen[name].width,
            }
            for name in results.estimators
        },
        "clocks": {
            "steps": clock_name(results, "step"),
            "seconds": clock_name(results, "seconds"),
        },
        "measures": kept,
    }


def _measure(results: StudyResults, name: str, split: str) -> dict[str, Any] | None:
    ways = {d: results.traced(name, split, d) for d in results.datasets}
    ways = {dataset: way for dataset, way in ways.items() if len(way)}
    if not ways:
        return None
    described = metric(name)
    gaps = {d: _gap(results, d, way, described.better == "lower") for d, way in ways.items()}
    noise = rounding(results)
    values = pd.concat([way["value"] for way in gaps.values()])
    return {
        "name": name,
        "label": ", ".join(part for part in (described.label, _SPLITS[split]) if part),
        "unit": "" if described.unit == "1" else described.unit,
        "noise": noise,
        "floor": floor_below(values, noise),
        "places": [
            {"name": d, "raw": _drawn(results, ways[d]), "gap": _drawn(results, gaps[d])}
            for d in ways
        ],
    }


def _gap(results: StudyResults, dataset: str, way: pd.DataFrame, lower: bool) -> pd.DataFrame:
    kinds = way["estimator"].map(lambda name: results.likelihood(dataset, name))
    best = way.groupby([way["seed"], kinds])["value"].transform("min" if lower else "max")
    return way.assign(value=(way["value"] - best) if lower else (best - way["value"]))


def _drawn(results: StudyResults, way: pd.DataFrame) -> dict[str, list[list[Any]]]:
    """By clock: a curve for each estimator."""
    found = {}
    for clock, name in zip(CLOCKS, ("steps", "seconds"), strict=True):
        curves = on_one_grid(way, clock)
        found[name] = [
            _curve(estimator, curves[curves["estimator"] == estimator])
            for estimator in results.estimators
            if (curves["estimator"] == estimator).any()
        ]
    return found


def _curve(estimator: str, curve: pd.DataFrame) -> list[Any]:
    by_time = curve.groupby("at")["value"].agg(["min", "median", "max"])
    times = [significant_value(float(t), 5) for t in by_time.index]
    return [estimator, times, *(_rounded(by_time[c]) for c in ("min", "median", "max"))]


def _rounded(values: pd.Series) -> list[Any]:
    return [significant_value(float(v), 6) for v in np.asarray(values, dtype=float)]
