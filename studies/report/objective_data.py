"""Each estimator's own word for its objective against the evaluation's figure, run by run."""

import math
from dataclasses import dataclass
from functools import lru_cache

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

_UNKNOWN_LAG = "stopped before it converged, and what its last step gained was not noted"


@dataclass(frozen=True, eq=False)
class OwnWord:
    """What an estimator reports of its last step on some data sets, beside the evaluation's figure.

    Parameters
    ----------
    group, estimator
        The data sets, a sweep's points together, and whose word it is.
    runs
        One row a run that has both figures: dataset, seed, own, evaluated, difference (own less
        evaluated), allowed, reason. An objective is noted before its step's update (of a VAE:
        averaged over the epoch), so that it may lag behind by what the last step gained: that is
        allowed too. The reason is why the two are not of the same thing, empty where they are.
    planned
        How many runs there should be.
    """

    group: str
    estimator: str
    runs: pd.DataFrame
    planned: int

    @property
    def compared(self) -> pd.DataFrame:
        """The runs whose two figures are of the same thing."""
        return self.runs[self.runs["reason"] == ""]

    @property
    def disagreeing(self) -> pd.DataFrame:
        """Those of them whose difference is beyond what is allowed."""
        runs = self.compared
        return runs[runs["difference"].abs() > runs["allowed"]]

    @property
    def reason(self) -> str:
        """Why none of the runs can be compared; empty if one can."""
        if self.runs.empty:
            return "no run that ended well was evaluated on the training data"
        return "" if len(self.compared) else str(self.runs["reason"].iloc[0])


@lru_cache(maxsize=1)  # the answer, the section and the choice of sections ask for the same ones
def own_words(results: StudyResults) -> tuple[OwnWord, ...]:
    """Of every group of data sets and estimator planned on it, in the study's order."""
    gains = _last_gains(results)
    found = []
    for group, datasets in results.groups.items():
        for name in results.estimators:
            planned = sum(results.planned(dataset, name) for dataset in datasets)
            if planned:
                runs = pd.concat([_runs(results, d, name, gains) for d in datasets])
                found.append(OwnWord(group, name, runs.reset_index(drop=True), planned))
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
    other = _other_thing(results, dataset, name)
    lags = _unknown_lags(results, dataset, name)
    runs["reason"] = [other or (_UNKNOWN_LAG if seed in lags else "") for seed in runs["seed"]]
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


def _other_thing(results: StudyResults, dataset: str, name: str) -> str:
    """Why an own objective and the evaluation's bound are not of the same thing."""
    inference = str(results.settings(dataset, name).get("inference") or "")
    if inference in _OTHER_OBJECTIVES:
        return _OTHER_OBJECTIVES[inference]
    scored = (results.document.get("evaluation") or {}).get("score_rows")
    rows = results.facts(dataset).get("n_train", 0)
    if results.kind == "mixture" and scored is not None and rows > scored:
        return f"evaluated on the first {scored:,} rows alone"
    return ""


def _unknown_lags(results: StudyResults, dataset: str, name: str) -> set[int]:
    """Seeds of fits that stopped before they converged, with no note of their last step's gain."""
    if results.traced("objective", "train", dataset)["estimator"].eq(name).any():
        return set()
    converged = results.values("converged", "", dataset, name)
    return {int(seed) for seed in converged.index[converged == 0]}
