"""What the extra measurements add to a made-up VAE run: to be used as a store's `change`."""

from dataclasses import replace

import numpy as np

from studies.results import CellResult, PlannedCell, Score

N_DIMS = 6
RUNGS = np.array([1, 10, 100])
GAP_IMAGES = 40
ORDER = np.array([3, 0, 5, 1, 4, 2])
"""Dimensions by falling rate, the same in every run."""

_PLAIN = ("autoencoder", "autoencoder-mixture")


def with_extras(cell: PlannedCell, result: CellResult) -> CellResult:
    """The run as a study with every extra would have left it."""
    random = np.random.default_rng([cell.seed, *map(ord, cell.estimator)])
    plain = cell.estimator in _PLAIN
    arrays, scores = dict(result.arrays), list(result.scores)
    facts = {"worst_by": "reconstruction_error" if plain else "elbo", "averaged_samples": 10_000}
    if not plain:
        arrays |= _bounds(random)
        scores += _subset_scores(random)
        facts |= {"ladder_images": 200, "aggregated_images": 500}
        if cell.seed == 0:
            scores += _first_seed_scores(random)
            facts |= {"ais_images": 50, "simulated_images": 50, "gaps_images": GAP_IMAGES}
            facts["ais_annealing"] = "8 chains"
    if cell.seed == 0:
        arrays |= _pictures(random, plain)
    facts = result.dataset_facts | facts
    return replace(result, arrays=arrays, scores=scores, dataset_facts=facts)


def _bounds(random: np.random.Generator) -> dict[str, np.ndarray]:
    rates = np.empty(N_DIMS)
    rates[ORDER] = np.array([5, 4, 3, 2, 1e-3, 1e-4]) * random.uniform(0.99, 1.01, N_DIMS)
    return {
        "rate_per_dimension": rates.astype(np.float32),
        "posterior_mean_variance": (rates / 5).astype(np.float32),
        "ladder_samples": RUNGS,
        "ladder_log_likelihood": (np.array([-100, -97, -95]) + random.normal()).astype(np.float32),
        "ladder_standard_error": random.uniform(1, 2, 3).astype(np.float32),
        "ladder_monte_carlo_error": random.uniform(0.01, 0.1, 3).astype(np.float32),
        "ladder_effective_sample_size": np.array([1, 4, 12], np.float32),
    }


def _subset_scores(random: np.random.Generator) -> list[Score]:
    values = {
        "mutual_information": 6 + random.normal() / 10,
        "marginal_divergence": 14 + random.normal() / 10,
        "aggregated_monte_carlo_error": 0.02,
        "active_units": 4.0,
        "elbo_generalisation_gap": 1 + random.normal() / 10,
        "elbo_generalisation_gap_standard_error": 0.3,
    }
    scores = [Score(name, "test", value) for name, value in values.items()]
    return [*scores, Score("elbo", "train", -98 + random.normal())]


def _first_seed_scores(random: np.random.Generator) -> list[Score]:
    values = {
        "ais_log_likelihood": -94 + random.normal(),
        "ais_standard_error": 2.1,
        "ais_monte_carlo_error": 0.04,
        "iw_log_likelihood_on_ais_images": -95 + random.normal() / 10,
        "bidirectional_gap": 0.2,
        "bidirectional_gap_standard_error": 0.05,
        "amortisation_gap": 2.5 + random.normal() / 10,
        "amortisation_gap_standard_error": 0.2,
        "approximation_gap": 1.5 + random.normal() / 10,
        "approximation_gap_standard_error": 0.1,
    }
    return [Score(name, "test", value) for name, value in values.items()]


def _pictures(random: np.random.Generator, plain: bool) -> dict[str, np.ndarray]:
    def images(*shape: int) -> np.ndarray:
        return random.integers(0, 256, (*shape, 784)).astype(np.uint8)

    scores = np.sort(random.normal(-200, 30, 10))
    found = {
        "codes_origin": random.normal(size=2).astype(np.float32),
        "worst_originals": images(10),
        "worst_reconstructions": images(10),
        "worst_scores": (-scores if plain else scores).astype(np.float32),
        "traversals": images(4, 9),
        "traversal_dims": ORDER[:4],
        "manifold": images(25),
        "mean_image": np.full(784, 0.25, np.float32),
        "mean_sample": np.full(784, 0.25, np.float32) + np.float32(random.uniform(0.01, 0.2)),
        "epoch_steps": np.array([1, 2, 3]),
        "epoch_reconstructions": images(3, 10),
        "epoch_samples": images(3, 16),
    }
    return found if plain else found | {"sample_draws": images(64)}
