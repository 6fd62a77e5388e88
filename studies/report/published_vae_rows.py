"""Published figures of VAEs beside what a study's runs measured: one row a figure and run."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from studies.published_vae import PublishedVAE, figures
from studies.report.loaded import StudyResults

Verdict = Literal["within", "better", "worse", "not reached", "no run", "other data"]

TRAINED_ON, SCORED_ON = 60_000, 10_000
"""Images of MNIST: on a part of them no figure is a published one."""

_TRACED = ("pseudo_elbo", "elbo")  # what the bound with one draw an image is noted as on the way


@dataclass(frozen=True)
class MeasuredRow:
    """A published figure and what one run measured in its place.

    Parameters
    ----------
    published
        The figure to compare with.
    estimator, seed
        Whose run.
    status
        How the run ended: "ok", or why there is nothing of it.
    measured
        Nats per image, lower is better; NaN if there is none.
    image_error
        Standard error over test images; NaN if it was not measured.
    monte_carlo_error
        Standard error over redrawn importance samples; NaN if it was not measured.
    epochs, minutes
        Of training, up to where the figure was taken; NaN if there is none.
    n_train, n_test
        How many images the run trained on and was scored on.
    """

    published: PublishedVAE
    estimator: str
    seed: int
    status: str
    measured: float
    image_error: float
    monte_carlo_error: float
    epochs: float
    minutes: float
    n_train: int
    n_test: int

    @property
    def difference(self) -> float:
        """Measured less published, nats per image: negative is better; NaN on other data."""
        return math.nan if self._on_other_data else self.measured - self.published.value

    @property
    def _on_other_data(self) -> bool:
        return (self.n_train, self.n_test) != (TRAINED_ON, SCORED_ON)

    @property
    def verdict(self) -> Verdict:
        """How the two compare; a figure on an edge of its band is within."""
        if self.status != "ok":
            return "no run"
        if self._on_other_data:
            return "other data"
        if math.isnan(self.measured):
            return "not reached"
        low, high = self.published.band
        if self.measured > high:
            return "worse"
        return "better" if self.measured < low else "within"

    @property
    def passed(self) -> bool:
        """Whether the figure is as good as the published one, or better."""
        return self.verdict in ("within", "better")


def measured_rows(results: StudyResults) -> list[MeasuredRow]:
    """A row for every attempted figure of the data sets that were planned, estimator and seed."""
    return [
        _row(results, figure, estimator, int(seed), str(status))
        for figure in figures("attempted")
        for estimator in results.estimators
        for seed, status in results.runs(figure.dataset, estimator)[["seed", "status"]].to_numpy()
    ]


def _row(
    results: StudyResults, figure: PublishedVAE, estimator: str, seed: int, status: str
) -> MeasuredRow:
    place = (figure.dataset, estimator, seed)
    epoch, spent = figure.epoch, math.nan
    if epoch is None:
        value = _score(results, figure.score, *place)
        steps = _score(results, "steps", *place, split="")
        spent = _score(results, "fit_seconds", *place, split="")
    else:
        value, spent = _at_epoch(results, epoch, *place)
        steps = math.nan if math.isnan(value) else float(epoch)
    facts = _facts(results, *place)
    error = lambda name: math.nan if epoch else _score(results, name, *place)  # noqa: E731
    return MeasuredRow(
        published=figure,
        estimator=estimator,
        seed=seed,
        status=status,
        measured=-value,
        image_error=error(f"{figure.score}_standard_error"),
        monte_carlo_error=error(f"{figure.score}_monte_carlo_error"),
        epochs=steps,
        minutes=spent / 60,
        n_train=int(facts.get("n_train", 0)),
        n_test=int(facts.get("n_test", 0)),
    )


def _score(
    results: StudyResults, metric: str, dataset: str, estimator: str, seed: int, split: str = "test"
) -> float:
    values = results.values(metric, split, dataset, estimator)
    return float(values.get(seed, math.nan))


def _at_epoch(
    results: StudyResults, epoch: int, dataset: str, estimator: str, seed: int
) -> tuple[float, float]:
    """The bound that was noted after so many passes, and the seconds of fitting until then."""
    for metric in _TRACED:
        way: pd.DataFrame = results.traced(metric, "test", dataset)
        found = way[
            (way["estimator"] == estimator) & (way["seed"] == seed) & (way["step"] == epoch)
        ]
        if len(found):
            return float(found["value"].iloc[0]), float(found["seconds"].iloc[0])
    return math.nan, math.nan


def _facts(results: StudyResults, dataset: str, estimator: str, seed: int) -> dict[str, Any]:
    runs = results.runs(dataset, estimator)
    return dict(runs.loc[runs["seed"] == seed, "dataset_facts"].iloc[0])
