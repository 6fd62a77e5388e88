"""Variational autoencoders and the plain autoencoder in a study: bounds on test data, pictures."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from studies.cells import Cell
from studies.families.base import Evaluation, Family
from studies.families.vae_training import training_scores
from studies.recorder import Measure
from studies.results import Score, TracePoint
from suite.data import Dataset
from suite.errors import InputError
from suite.evaluation import evaluate_vae, reconstruction_error
from suite.progress import Progress

_EVALUATION_SEED = 0  # the same importance noise for every estimator and seed
_N_ORIGINALS = 10
_N_SAMPLES = 64
_N_INTERPOLATIONS = 5
_N_STEPS = 9
_N_CODES = 2000


def _check(cell: Cell, dataset: Dataset) -> None:
    if len(dataset.train) == 0 or len(dataset.test) == 0:
        raise InputError(
            f"datasets.{cell.dataset}: expected training and test rows, got "
            f"{len(dataset.train)} and {len(dataset.test)}; choose a test_size between 0 and 1."
        )


def _start(cell: Cell, dataset: Dataset) -> tuple[dict[str, Any], list[TracePoint]]:
    """Equal seeds give equal starting weights, minibatches and noise: nothing to add."""
    return {}, []


def _measure_vae(cell: Cell, dataset: Dataset) -> Measure:
    X = dataset.test[: cell.trace_limit]

    def measure(progress: Progress) -> dict[tuple[str, str], float]:
        networks = progress.state()
        found = evaluate_vae(networks, X, n_samples=1, random_state=_EVALUATION_SEED)
        return {
            ("objective", "train"): progress.objective,
            ("elbo", "test"): float(np.mean(found.elbo)),
            ("reconstruction_error", "test"): float(np.mean(reconstruction_error(networks, X))),
        }

    return measure


def _measure_autoencoder(cell: Cell, dataset: Dataset) -> Measure:
    X = dataset.test[: cell.trace_limit]

    def measure(progress: Progress) -> dict[tuple[str, str], float]:
        errors = reconstruction_error(progress.state(), X)
        return {
            ("objective", "train"): progress.objective,
            ("reconstruction_error", "test"): float(np.mean(errors)),
        }

    return measure


def _evaluate_vae(cell: Cell, dataset: Dataset, estimator: Any) -> Evaluation:
    found = evaluate_vae(
        estimator.networks_,
        dataset.test,
        n_samples=cell.importance_samples,
        random_state=_EVALUATION_SEED,
    )
    errors = reconstruction_error(estimator.networks_, dataset.test)
    scores = [Score("objective", "train", estimator.elbo_)]
    scores += training_scores(cell, dataset, estimator.networks_)
    if not found.is_density:
        scores += _means(pseudo_elbo=found.elbo, reconstruction_error=errors)
        arrays = {"reconstruction_error_per_datum": errors}
    else:
        scores += _means(
            log_likelihood=found.log_likelihood,
            elbo=found.elbo,
            gap=found.log_likelihood - found.elbo,
            distortion=found.distortion,
            rate=found.rate,
            effective_sample_size=found.effective_sample_size,
            reconstruction_error=errors,
        )
        scores += [
            Score("elbo_standard_error", "test", found.elbo_standard_error),
            Score("log_likelihood_standard_error", "test", found.standard_error),
            Score("log_likelihood_monte_carlo_error", "test", found.monte_carlo_error),
        ]
        arrays = {
            "elbo_per_datum": found.elbo,
            "log_likelihood_per_datum": found.log_likelihood,
            "reconstruction_error_per_datum": errors,
        }
    return _with_pictures(cell, dataset, estimator, scores, arrays)


def _evaluate_autoencoder(cell: Cell, dataset: Dataset, estimator: Any) -> Evaluation:
    errors = reconstruction_error(estimator.networks_, dataset.test)
    arrays = {"reconstruction_error_per_datum": errors}
    return _with_pictures(cell, dataset, estimator, _means(reconstruction_error=errors), arrays)


def _with_pictures(
    cell: Cell,
    dataset: Dataset,
    estimator: Any,
    scores: list[Score],
    arrays: dict[str, np.ndarray],
) -> Evaluation:
    arrays = {name: values.astype(np.float32) for name, values in arrays.items()}
    if cell.seed > 0:
        return Evaluation(scores, arrays)
    arrays |= _pictures(dataset, estimator, cell.start_seed)
    codes, note = _code_view(estimator.transform(dataset.test[:_N_CODES]))
    arrays["codes"] = codes
    if dataset.test_labels is not None:
        arrays["code_labels"] = dataset.test_labels[:_N_CODES]
    return Evaluation(scores, arrays, {"codes_note": note})


def _pictures(dataset: Dataset, estimator: Any, seed: int) -> dict[str, np.ndarray]:
    originals = dataset.test[_one_of_each(dataset.test_labels, _N_ORIGINALS)]
    pairs = [(originals[2 * i], originals[2 * i + 1]) for i in range(_N_INTERPOLATIONS)]
    paths = np.stack([estimator.interpolate(a, b, _N_STEPS) for a, b in pairs])
    return {
        "originals": _grey(originals),
        "reconstructions": _grey(estimator.reconstruct(originals)),
        "samples": _grey(estimator.sample(_N_SAMPLES, random_state=seed)),
        "interpolation": _grey(paths),
    }


def _one_of_each(labels: np.ndarray | None, n: int) -> np.ndarray:
    """Rows to show: the first of each class, class after class, then the first others."""
    if labels is None:
        return np.arange(n)
    firsts = np.unique(labels, return_index=True)[1][:n]
    others = np.setdiff1d(np.arange(len(labels)), firsts)
    return np.concatenate([firsts, others[: n - len(firsts)]])


def _code_view(codes: np.ndarray) -> tuple[np.ndarray, str]:
    if codes.shape[1] <= 2:
        padded = np.pad(codes, ((0, 0), (0, 2 - codes.shape[1])))
        return padded.astype(np.float32), "the two dimensions of the code"
    pca = PCA(n_components=2).fit(codes)
    share = pca.explained_variance_ratio_.sum()
    return pca.transform(codes).astype(np.float32), (
        f"the first two principal components of the {codes.shape[1]}-dimensional codes, "
        f"{share:.0%} of their variance"
    )


def _means(**columns: np.ndarray) -> list[Score]:
    return [Score(name, "test", float(np.mean(values))) for name, values in columns.items()]


def _grey(images: np.ndarray) -> np.ndarray:
    return np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)


def _family(
    measure: Callable[[Cell, Dataset], Measure],
    evaluate: Callable[[Cell, Dataset, Any], Evaluation],
) -> Family:
    return Family(check=_check, start=_start, measure=measure, evaluate=evaluate)


VAE = _family(_measure_vae, _evaluate_vae)
"""Variational autoencoders, however fitted."""

AUTOENCODER = _family(_measure_autoencoder, _evaluate_autoencoder)
"""The plain autoencoder: no likelihood, so its reconstruction error stands alone."""
