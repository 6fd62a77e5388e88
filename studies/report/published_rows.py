"""Published optima beside what a study's runs reached: one row each, with its verdict."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from studies.published import PublishedOptimum, published_optima
from studies.report.loaded import StudyResults

Verdict = Literal["reached", "higher", "lower", "spurious", "not run"]

_Place = tuple[str, int, str]

MARGIN = 1e-3
"""Total nats: a maximum this near to the published one is the same."""

_METRICS = (
    ("total_log_likelihood", "train"),
    ("regular", ""),
    ("bic", "train"),
    ("icl", "train"),
    ("n_parameters", ""),
)


@dataclass(frozen=True)
class PublishedRow:
    """A published optimum and the best that the study's runs found.

    Parameters
    ----------
    published
        The figure to reach.
    measured
        The highest total log-likelihood of a regular run; NaN if there is none.
    bic, icl, n_parameters
        Of that run.
    spurious
        The highest total log-likelihood of a run that kept a spurious optimum; NaN if none did.
    n_runs, planned
        Runs that ended well, and all.
    """

    published: PublishedOptimum
    measured: float
    bic: float
    icl: float
    n_parameters: float
    spurious: float
    n_runs: int
    planned: int = 0

    @property
    def difference(self) -> float:
        """Measured less published, in total nats."""
        return self.measured - self.published.total_log_likelihood

    @property
    def verdict(self) -> Verdict:
        """How the two compare; "spurious" if no run ended in a regular optimum."""
        if self.n_runs == 0:
            return "not run"
        if math.isnan(self.measured):
            return "spurious"
        if self.difference < -MARGIN:
            return "lower"
        return "higher" if self.difference > MARGIN else "reached"

    @property
    def passed(self) -> bool:
        """Whether a regular optimum is at or above the published figure, less the margin."""
        return self.verdict in ("reached", "higher")


def published_rows(results: StudyResults) -> list[PublishedRow]:
    """A row for every published optimum of the data sets that the study has, in order.

    A published model that the study did not plan, in a short profile for example, has no row.
    """
    runs = _runs(results)
    first = results.cells["estimator"].isin(results.estimators)
    planned = Counter(_place(described) for described in results.cells.loc[first, "description"])
    return [
        replace(_row(o, runs.get(_wanted(o), [])), planned=planned[_wanted(o)])
        for o in published_optima()
        if _wanted(o) in planned
    ]


def rows_left_out(results: StudyResults) -> int:
    """How many published optima the study, as it was run, did not plan for."""
    return len(published_optima()) - len(published_rows(results))


def _row(optimum: PublishedOptimum, runs: list[dict[str, float]]) -> PublishedRow:
    regular = [run for run in runs if run["regular"] == 1]
    spurious = [run["total_log_likelihood"] for run in runs if run["regular"] != 1]
    best = max(regular, key=lambda run: run["total_log_likelihood"], default={})
    return PublishedRow(
        published=optimum,
        measured=best.get("total_log_likelihood", math.nan),
        bic=best.get("bic", math.nan),
        icl=best.get("icl", math.nan),
        n_parameters=best.get("n_parameters", math.nan),
        spurious=max(spurious, default=math.nan),
        n_runs=len(runs),
    )


def _runs(results: StudyResults) -> dict[_Place, list[dict[str, float]]]:
    """The scores of every run that ended well, by where it belongs.

    Runs on other rows than the published ones, on a split for example, belong nowhere.
    """
    scores: dict[str, dict[str, float]] = {}
    for key, metric, split, value in results.scores[["key", "metric", "split", "value"]].to_numpy():
        if (metric, split) in _METRICS:
            scores.setdefault(key, {})[metric] = float(value)
    sizes = {(o.dataset, o.n_rows, o.n_features) for o in published_optima()}
    found: dict[_Place, list[dict[str, float]]] = {}
    cells = results.cells[results.cells["status"] == "ok"]
    for key, description, facts in cells[["key", "description", "dataset_facts"]].to_numpy():
        size = (description.get("load"), facts.get("n_train"), facts.get("n_features"))
        if size in sizes and len(scores.get(key, {})) == len(_METRICS):
            found.setdefault(_place(description), []).append(scores[key])
    return found


def _wanted(optimum: PublishedOptimum) -> _Place:
    return optimum.dataset, optimum.n_components, optimum.covariance_type


def _place(description: Mapping[str, Any]) -> _Place:
    """The data set, number of components and covariance type of a cell."""
    settings = description.get("settings", {})
    return (
        str(description.get("load")),
        int(settings.get("n_components", 1)),
        str(settings.get("covariance_type", "full")),
    )
