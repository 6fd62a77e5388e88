"""What a study of likelihoods compares: by kind of score, and with a normaliser put back."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from studies.report.comparison import normal_interval, scored_estimators
from studies.report.loaded import StudyResults


@dataclass(frozen=True)
class Alternative:
    """A likelihood of the study and an estimator that was fitted with it.

    Parameters
    ----------
    dataset, estimator
        Where its runs are.
    likelihood
        Its name in the suite's table.
    kind
        Of what its scores are log probabilities: "bits", "density" or "none".
    """

    dataset: str
    estimator: str
    likelihood: str
    kind: str


def alternatives_of(results: StudyResults) -> list[Alternative]:
    """Every planned pair of a likelihood and an estimator, in the study's order."""
    kinds = _kinds()
    found = []
    for dataset in results.datasets:
        for estimator in scored_estimators(results):
            name = results.likelihood(dataset, estimator) or "bernoulli"
            if results.planned(dataset, estimator) and name in kinds:
                found.append(Alternative(dataset, estimator, name, kinds[name]))
    return found


def described(likelihood: str) -> str:
    """The suite's one sentence on a likelihood."""
    from suite.vae.likelihoods import LIKELIHOODS

    return LIKELIHOODS[likelihood].description


def forgetful(results: StudyResults) -> list[Alternative]:
    """Those whose models were scored a second time, with the normaliser that training forgot."""
    return [
        alternative
        for alternative in alternatives_of(results)
        if len(
            results.values(
                "normalised_log_likelihood", "test", alternative.dataset, alternative.estimator
            )
        )
    ]


def normaliser_differences(results: StudyResults) -> pd.DataFrame:
    """log p(x) trained with the normaliser less that trained without it, image by image.

    One row a forgetful alternative and seed; columns: dataset, likelihood, estimator, seed, n,
    with_it, without_it (means, nats per image), mean, low, high (the 95% interval over images).
    """
    rows = []
    for one in forgetful(results):
        for other in _remembering(results, one):
            for seed in sorted(results.runs(one.dataset, one.estimator)["seed"]):
                mine = results.arrays(one.dataset, one.estimator, int(seed))
                theirs = results.arrays(other.dataset, other.estimator, int(seed))
                without_it = mine.get("normalised_log_likelihood_per_datum")
                with_it = theirs.get("log_likelihood_per_datum")
                if without_it is None or with_it is None or with_it.shape != without_it.shape:
                    continue
                values = with_it.astype(np.float64) - without_it.astype(np.float64)
                rows.append(
                    (
                        *(one.dataset, one.likelihood, one.estimator, int(seed), len(values)),
                        *(float(v.mean()) for v in (with_it, without_it, values)),
                        *normal_interval(values),
                    )
                )
    columns = ["dataset", "likelihood", "estimator", "seed", "n", "with_it", "without_it"]
    return pd.DataFrame(rows, columns=[*columns, "mean", "low", "high"])


def brightness_change(results: StudyResults, alternative: Alternative) -> float:
    """How much brighter reconstructions are than the images, as a share of these; NaN if unknown.

    The median over seeds.
    """
    place = ("test", alternative.dataset, alternative.estimator)
    decoded, data = (results.values(m, *place) for m in ("decoded_brightness", "brightness"))
    return float((decoded / data - 1).median())


def twin_difference(results: StudyResults, alternative: Alternative) -> float:
    """The largest difference in mean log p(x) from the baseline on one seed, nats per image.

    NaN for the baseline itself, and where there is no such pair.
    """
    if alternative.estimator == results.baseline:
        return math.nan
    names = (alternative.dataset, alternative.estimator, results.baseline)
    pairs = results.pairs("log_likelihood", "test", *names)
    return float((pairs["one"] - pairs["other"]).abs().max())


def _remembering(results: StudyResults, one: Alternative) -> list[Alternative]:
    """The alternative that was trained with the normaliser `one` forgot, by the same estimator."""
    wanted = results.facts_of_run(one.dataset, one.estimator).get("normalised_by")
    return [
        other
        for other in alternatives_of(results)
        if other.likelihood == wanted and other.estimator == one.estimator
    ][:1]


@cache
def _kinds() -> dict[str, str]:
    from suite.vae.likelihoods import LIKELIHOODS  # it takes a second that no other report needs

    return {name: entry.kind for name, entry in LIKELIHOODS.items()}
