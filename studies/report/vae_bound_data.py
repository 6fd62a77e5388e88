"""What runs say of a VAE's log p(x): the ladder of bounds, the gaps, annealing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.tables import combinations
from studies.report.vae_scales import Place


@dataclass(frozen=True, eq=False)
class Ladder:
    """The importance-weighted bounds L_K of an estimator's runs on a data set's first images.

    Parameters
    ----------
    samples
        The K, rising, (R,).
    bounds, standard_errors, monte_carlo_errors, effective_sample_sizes
        Means over images in nats, how far they would move with other images and with other
        samples, and the mean effective sample size; (runs, R) each.
    images
        How many images.
    """

    samples: np.ndarray
    bounds: np.ndarray
    standard_errors: np.ndarray
    monte_carlo_errors: np.ndarray
    effective_sample_sizes: np.ndarray
    images: int


def ladder(results: StudyResults, dataset: str, estimator: str) -> Ladder | None:
    """The ladder of an estimator's runs that have the first such run's K; None without any."""
    found: list[dict[str, np.ndarray]] = []
    for seed in sorted(set(results.runs(dataset, estimator)["seed"])):
        arrays = results.arrays(dataset, estimator, int(seed))
        if "ladder_samples" in arrays and (
            not found or np.array_equal(arrays["ladder_samples"], found[0]["ladder_samples"])
        ):
            found.append(arrays)
    if not found:
        return None

    def every(name: str) -> np.ndarray:
        return np.stack([arrays[f"ladder_{name}"] for arrays in found]).astype(float)

    return Ladder(
        samples=found[0]["ladder_samples"],
        bounds=every("log_likelihood"),
        standard_errors=every("standard_error"),
        monte_carlo_errors=every("monte_carlo_error"),
        effective_sample_sizes=every("effective_sample_size"),
        images=int(results.facts_of_run(dataset, estimator).get("ladder_images", 0)),
    )


def laddered(results: StudyResults) -> dict[Place, Ladder]:
    """Every place that has a ladder."""
    found = {place: ladder(results, *place) for place in combinations(results)}
    return {place: rungs for place, rungs in found.items() if rungs is not None}


ANNEALED = (
    "ais_log_likelihood",
    "ais_standard_error",
    "ais_monte_carlo_error",
    "iw_log_likelihood_on_ais_images",
    "bidirectional_gap",
    "bidirectional_gap_standard_error",
)


def annealed(results: StudyResults) -> pd.DataFrame:
    """Annealed importance sampling of the first seed: dataset, estimator, `ANNEALED`, and more.

    above is the annealed estimate less the importance-weighted bound on the same images;
    images and simulated say how many there were; annealing says in words how it was done.
    """
    rows = []
    for place in combinations(results):
        scores = {name: _first(results, name, place) for name in ANNEALED}
        if not np.isfinite(scores["ais_log_likelihood"]):
            continue
        facts = results.facts_of_run(*place)
        above = scores["ais_log_likelihood"] - scores["iw_log_likelihood_on_ais_images"]
        counts = (int(facts.get(name, 0)) for name in ("ais_images", "simulated_images"))
        words = str(facts.get("ais_annealing", ""))
        rows.append((*place, *scores.values(), above, *counts, words))
    columns = ["dataset", "estimator", *ANNEALED, "above", "images", "simulated", "annealing"]
    return pd.DataFrame(rows, columns=columns)


_GAPS = (
    "amortisation_gap",
    "amortisation_gap_standard_error",
    "approximation_gap",
    "approximation_gap_standard_error",
)


def gaps(results: StudyResults) -> pd.DataFrame:
    """Where the bound of the first seed loses: dataset, estimator, images, the bounds, `_GAPS`.

    elbo is that of the encoder's q on the images that the gaps were measured on; refined_elbo is
    elbo and the amortisation gap; log_likelihood is that and the approximation gap, hence
    estimated by weights of the refined q.
    """
    rows = []
    for place in combinations(results):
        scores = {name: _first(results, name, place) for name in _GAPS}
        images = int(results.facts_of_run(*place).get("gaps_images", 0))
        arrays = results.pictures(place[0], "elbo_per_datum").get(place[1], {})
        if not np.isfinite(scores["amortisation_gap"]) or not arrays or not images:
            continue
        elbo = float(arrays["elbo_per_datum"][:images].astype(float).mean())
        refined = elbo + scores["amortisation_gap"]
        highest = refined + scores["approximation_gap"]
        rows.append((*place, images, elbo, refined, highest, *scores.values()))
    columns = ["dataset", "estimator", "images", "elbo", "refined_elbo", "log_likelihood", *_GAPS]
    return pd.DataFrame(rows, columns=columns)


def _first(results: StudyResults, metric: str, place: Place) -> float:
    """A metric's value of the first seed; NaN if it has none."""
    first = int(results.cells["seed"].min())
    return float(results.values(metric, "test", *place).get(first, np.nan))
