"""Gaussian mixtures in a study: one shared start, exact likelihoods, a view to draw."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from studies.cells import Cell
from studies.families.base import Evaluation, Family
from studies.families.mixture_extras import extra_scores
from studies.recorder import Measure
from studies.results import Score, TracePoint
from suite.data import Dataset
from suite.errors import InputError
from suite.evaluation import adjusted_rand_index, mixture_elbo, mixture_log_likelihood
from suite.gmm import MixtureParameters, MixtureState, initial_parameters
from suite.progress import Progress

_START_PARAMETERS = ("covariance_type", "reg_covar")


def _check(cell: Cell, dataset: Dataset) -> None:
    n_components = cell.settings.get("n_components", 1)
    n_rows = len(dataset.train)
    if not isinstance(n_components, int) or not 1 <= n_components <= n_rows:
        raise InputError(
            f"datasets.{cell.dataset}.settings.n_components: expected a whole number from 1 to the "
            f"{n_rows} training rows, got {n_components!r}; ask for fewer components or give more "
            "rows."
        )


def _start(cell: Cell, dataset: Dataset) -> tuple[dict[str, Any], list[TracePoint]]:
    if cell.settings.get("n_init", 1) > 1:
        return {}, []  # restarts are the estimator's own: it draws them from the start's seed
    options = {name: cell.settings[name] for name in _START_PARAMETERS if name in cell.settings}
    initial = initial_parameters(
        dataset.train[: cell.start_rows],
        cell.settings.get("n_components", 1),
        method=cell.settings.get("init_params", "kmeans"),
        random_state=cell.start_seed,
        **options,
    )
    if cell.trace != "scores":
        return {"initial": initial}, []
    value = float(mixture_log_likelihood(initial, dataset.train).mean())
    return {"initial": initial}, [TracePoint(0, 0.0, "log_likelihood", "train", value)]


def _measure(cell: Cell, dataset: Dataset) -> Measure:
    def measure(progress: Progress) -> dict[tuple[str, str], float]:
        state: MixtureState = progress.state()
        values = _bounds(state.parameters, dataset.train, state.responsibilities)
        values["objective"] = progress.objective
        return {(name, "train"): value for name, value in values.items()}

    return measure


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any) -> Evaluation:
    parameters = MixtureParameters.from_estimator(estimator)
    scores = [
        Score("objective", "train", float(estimator.lower_bound_)),
        Score("converged", "", float(estimator.converged_)),
    ]
    if cell.settings.get("n_init", 1) > 1:
        scores.append(Score("highest_bound", "train", _highest_bound(estimator)))
    splits = (
        ("train", dataset.train, dataset.train_labels),
        ("test", dataset.test, dataset.test_labels),
    )
    for split, rows, all_labels in splits:
        X = rows[: cell.score_rows]
        if len(X) == 0:
            continue
        labels = None if all_labels is None else all_labels[: cell.score_rows]
        bounds = _bounds(parameters, X, _own_posterior(estimator, X))
        scores += [Score(name, split, value) for name, value in bounds.items()]
        if labels is not None:
            index = adjusted_rand_index(labels, estimator.predict(X))
            scores.append(Score("adjusted_rand_index", split, float(index)))
    scores += extra_scores(cell, dataset, estimator)
    if cell.seed > 0 or cell.trace != "scores":
        return Evaluation(scores, {"weights": parameters.weights})
    arrays, facts = _view(parameters, dataset)
    return Evaluation(scores, {"weights": parameters.weights, **arrays}, {"view": facts})


def _highest_bound(estimator: Any) -> float:
    """Of all starts, degenerate ones too; what does not rank them keeps the highest anyway."""
    diagnostics = getattr(estimator, "diagnostics_", None)
    if diagnostics is None:
        return float(estimator.lower_bound_)
    return max(start.lower_bound for start in diagnostics.starts)


def _own_posterior(estimator: Any, X: np.ndarray) -> np.ndarray | None:
    """q(z|x) of an estimator that learned one; None for the exact posterior."""
    if getattr(estimator, "guide_", None) is None:
        return None
    q: np.ndarray = estimator.guide_proba(X)
    return q


def _bounds(
    parameters: MixtureParameters, X: np.ndarray, responsibilities: np.ndarray | None
) -> dict[str, float]:
    log_likelihood = float(mixture_log_likelihood(parameters, X).mean())
    # With the exact posterior the bound is the log-likelihood: log p(x) = ELBO + KL, and KL = 0.
    elbo = (
        log_likelihood
        if responsibilities is None
        else float(mixture_elbo(parameters, X, responsibilities))
    )
    return {"log_likelihood": log_likelihood, "elbo": elbo, "gap": log_likelihood - elbo}


def _view(
    parameters: MixtureParameters, dataset: Dataset
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The training data and the mixture in at most two dimensions, and what these are."""
    X = dataset.train
    n_features = X.shape[1]
    if n_features <= 2:
        basis, offset = np.eye(n_features), np.zeros(n_features)
        facts = {"axes": list(dataset.feature_names), "note": "the data as they are"}
    else:
        pca = PCA(n_components=2).fit(X)
        basis, offset = pca.components_.T, pca.mean_
        shares = pca.explained_variance_ratio_
        facts = {
            "axes": [f"principal component {i + 1} ({s:.0%})" for i, s in enumerate(shares)],
            "note": "the first two principal components of the training data, each with its share "
            "of the variance",
        }
    arrays = {
        "view_points": (X - offset) @ basis,
        "view_weights": parameters.weights,
        "view_means": (parameters.means - offset) @ basis,
        "view_covariances": basis.T @ parameters.full_covariances() @ basis,
    }
    if dataset.train_labels is not None:
        arrays["view_labels"] = dataset.train_labels
    return arrays, facts


MIXTURE = Family(check=_check, start=_start, measure=_measure, evaluate=_evaluate)
"""Gaussian mixtures, however fitted."""
