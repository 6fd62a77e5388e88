"""Each estimator's own word for its objective against the evaluation's figure, run by run."""

import math
from dataclasses import dataclass

import pandas as pd

from studies.report.loaded import StudyResults

STATED = 1e-3
"""Mixtures: own objective and evaluation may differ by so much, in nats per datum.

A tenth of the usual target. Both are exact and differ by rounding alone, and by what the last step
gained (`OwnWord`).
"""

STANDARD_ERRORS = 3.0
"""VAEs: by so many standard errors of the evaluation's mean over training rows."""

_OTHER_OBJECTIVES = {
    "map": "its objective holds the log prior",
    "vb": "its objective is the bound on the evidence",
}


@dataclass(frozen=True, eq=False)
class OwnWord:
    """What an estimator reports of its last step on some data sets, beside the evaluation's figure.

    Parameters
    ----------
    group, estimator
        The data sets, a sweep's points together, and whose word it is.
    runs
        One row a run that has both figures: dataset, seed, own, evaluated, difference (own less
        evaluated), allowed. An objective is noted before its step's update (of a VAE: averaged over
        the epoch), so that it may lag behind by what the last step gained: that is allowed too.
    planned
        How many runs there should be.
    reason
        Why the two are not of the same thing; empty where they are.
    """

    group: str
    estimator: str
    runs: pd.DataFrame
    planned: int
    reason: str

    @property
    def disagreeing(self) -> pd.DataFrame:
        """The runs whose difference is beyond what is allowed."""
        if self.reason:
            return self.runs.iloc[:0]
        return self.runs[self.runs["difference"].abs() > self.runs["allowed"]]


def own_words(results: StudyResults) -> tuple[OwnWord, ...]:
    """Of every group of data sets and estimator planned on it, in the study's order."""
    gains = _last_gains(results)
    found = []
    for group, datasets in results.groups.items():
        for name in results.estimators:
            planned = sum(results.planned(dataset, name) for dataset in datasets)
            if planned:
                runs = pd.concat([_runs(results, d, name, gains) for d in datasets])
                reasons = [_reason(results, d, name) for d in datasets]
                reason = next((r for r in reasons if r), "")
                found.append(OwnWord(group, name, runs.reset_index(drop=True), planned, reason))
    return tuple(found)


def disagreements(results: StudyResults) -> tuple[OwnWord, ...]:
    """Those with a run whose own objective is not what the evaluation finds."""
    return tuple(word for word in own_words(results) if len(word.disagreeing))


def _runs(
    results: StudyResults, dataset: str, name: str, gains: dict[tuple[str, str, int], float]
) -> pd.DataFrame:
    columns = {
        "own": results.values("objective", "train", dataset, name),
        "evaluated": results.values("elbo", "train", dataset, name),
    }
    runs = pd.DataFrame(columns).dropna().rename_axis("seed").reset_index()
    runs.insert(0, "dataset", dataset)
    runs["difference"] = runs["own"] - runs["evaluated"]
    errors = results.values("elbo_standard_error", "train", dataset, name)
    runs["allowed"] = [
        _sampling_error(results, errors, seed) + gains.get((dataset, name, seed), 0.0)
        for seed in runs["seed"]
    ]
    return runs


def _sampling_error(results: StudyResults, errors: pd.Series, seed: int) -> float:
    if results.kind == "mixture":
        return STATED
    return STANDARD_ERRORS * float(errors.get(seed, math.nan))


def _last_gains(results: StudyResults) -> dict[tuple[str, str, int], float]:
    """By data set, estimator and seed, how much the own objective moved in the last step."""
    way = results.trace
    way = way[(way["metric"] == "objective") & (way["split"] == "train")].sort_values("step")
    last = way.groupby(["dataset", "estimator", "seed"])["value"].agg(
        lambda values: abs(values.iloc[-1] - values.iloc[-2]) if len(values) > 1 else 0.0
    )
    rows = last.reset_index().itertuples(index=False)
    return {(str(d), str(e), int(seed)): float(gain) for d, e, seed, gain in rows}


def _reason(results: StudyResults, dataset: str, name: str) -> str:
    """Why an own objective and the evaluation's bound are not of the same thing, or not known."""
    if results.values("elbo", "train", dataset, name).empty:
        return "not evaluated on the training data"
    inference = str(results.settings(dataset, name).get("inference") or "")
    if inference in _OTHER_OBJECTIVES:
        return _OTHER_OBJECTIVES[inference]
    scored = (results.document.get("evaluation") or {}).get("score_rows")
    rows = results.facts(dataset).get("n_train", 0)
    if results.kind == "mixture" and scored is not None and rows > scored:
        return f"evaluated on the first {scored:,} rows alone"
    noted = results.traced("objective", "train", dataset)["estimator"].eq(name).any()
    if not noted and (results.values("converged", "", dataset, name) == 0).any():
        return "stopped before it converged, and what its last step gained was not noted"
    return ""
