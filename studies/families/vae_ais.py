"""log p(x) of a study's VAE by annealed importance sampling, and a certificate for it."""

from typing import Any

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import (
    Annealing,
    ais_log_likelihood,
    bidirectional_check,
    importance_ladder,
)

_SEED = 0  # the same noise for every estimator


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """Annealing on the first `ais_images` test data, and both ways on as many simulated ones.

    The importance-weighted bound with `ladder_samples` draws stands beside it, on the same data.
    First seed only. Nothing where there is no likelihood or none that is normalised, or where
    there are fewer than two test data.
    """
    networks = estimator.networks_
    X = dataset.test[: cell.ais_images]
    if (
        cell.seed > 0
        or not networks.variational
        or not networks.likelihood.is_density
        or len(X) < 2
    ):
        return Evaluation([])
    # From the encoder's posterior: from the prior as many temperatures leave a much wider gap.
    plan = Annealing(
        n_chains=cell.ais_chains,
        n_temperatures=cell.ais_temperatures,
        n_leapfrog=cell.ais_leapfrog,
        base="encoder",
    )
    estimate = ais_log_likelihood(networks, X, annealing=plan, random_state=_SEED)
    weighted = importance_ladder(networks, X, n_samples=(cell.ladder_samples,), random_state=_SEED)
    check = bidirectional_check(networks, cell.ais_images, annealing=plan, random_state=_SEED)
    scores = {
        "ais_log_likelihood": estimate.mean_log_likelihood,
        "ais_standard_error": estimate.standard_error,
        "ais_monte_carlo_error": estimate.monte_carlo_error,
        "iw_log_likelihood_on_ais_images": float(weighted.mean_log_likelihood[0]),
        "bidirectional_gap": check.mean_gap,
        "bidirectional_gap_standard_error": check.standard_error,
    }
    return Evaluation(
        [Score(name, "test", value) for name, value in scores.items()],
        facts={
            "ais_images": len(X),
            "simulated_images": len(check.X),
            "ais_annealing": _in_words(plan, cell.ladder_samples),
        },
    )


def _in_words(plan: Annealing, n_samples: int) -> str:
    return (
        f"{plan.n_chains} chains from the {plan.base}'s posterior through {plan.n_temperatures} "
        f"temperatures by transitions of {plan.n_leapfrog} leapfrog steps; importance weights: "
        f"{n_samples:,} samples"
    )


AIS = Extra(_evaluate)
"""The first seed only."""
