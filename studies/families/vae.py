"""Variational autoencoders and the plain autoencoder in a study: bounds on test data, pictures.

What a study asks for beside these is in files of its own; `studies.extras` lists them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from studies.cells import Cell
from studies.extras import load_extras
from studies.families.base import Evaluation, Family
from studies.families.vae_images import N_ORIGINALS, grey, one_of_each
from studies.families.vae_training import training_scores
from studies.recorder import Measure
from studies.results import Score, TracePoint
from suite.data import Dataset
from suite.errors import InputError
from suite.evaluation import evaluate_vae, reconstruction_error
from suite.progress import Progress

_EVALUATION_SEED = 0  # the same importance noise for every estimator and seed
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
    return _completed(cell, dataset, estimator, scores, arrays)


def _evaluate_autoencoder(cell: Cell, dataset: Dataset, estimator: Any) -> Evaluation:
    errors = reconstruction_error(estimator.networks_, dataset.test)
    arrays = {"reconstruction_error_per_datum": errors}
    return _completed(cell, dataset, estimator, _means(reconstruction_error=errors), arrays)


def _completed(
    cell: Cell,
    dataset: Dataset,
    estimator: Any,
    scores: list[Score],
    arrays: dict[str, np.ndarray],
) -> Evaluation:
    """The scores with the first seed's pictures and with what the study asks for in `extra`."""
    found = Evaluation(scores, {name: v.astype(np.float32) for name, v in arrays.items()})
    parts = [found] if cell.seed > 0 else [found, _pictures(cell, dataset, estimator)]
    for extra in load_extras(cell.kind, cell.extra):
        parts.append(extra.evaluate(cell, dataset, estimator, found))
    return Evaluation(
        scores=[score for part in parts for score in part.scores],
        arrays={name: array for part in parts for name, array in part.arrays.items()},
        facts={name: fact for part in parts for name, fact in part.facts.items()},
    )


def _pictures(cell: Cell, dataset: Dataset, estimator: Any) -> Evaluation:
    originals = dataset.test[one_of_each(dataset.test_labels, N_ORIGINALS)]
    pairs = [(originals[2 * i], originals[2 * i + 1]) for i in range(_N_INTERPOLATIONS)]
    paths = np.stack([estimator.interpolate(a, b, _N_STEPS) for a, b in pairs])
    codes, origin, note = _code_view(estimator.transform(dataset.test[:_N_CODES]))
    arrays = {
        "originals": grey(originals),
        "reconstructions": grey(estimator.reconstruct(originals)),
        "samples": grey(estimator.sample(_N_SAMPLES, random_state=cell.start_seed)),
        "interpolation": grey(paths),
        "codes": codes,
        "codes_origin": origin,
    }
    if dataset.test_labels is not None:
        arrays["code_labels"] = dataset.test_labels[:_N_CODES]
    return Evaluation([], arrays, {"codes_note": note})


def _code_view(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Codes in two dimensions (N, 2), where z = 0 lies among them (2,), and what they are."""
    n_dims = codes.shape[1]
    if n_dims <= 2:
        padded = np.pad(codes, ((0, 0), (0, 2 - n_dims))).astype(np.float32)
        return padded, np.zeros(2, np.float32), "the two dimensions of the code"
    pca = PCA(n_components=2).fit(codes)
    share = pca.explained_variance_ratio_.sum()
    view, origin = pca.transform(codes), pca.transform(np.zeros((1, n_dims)))[0]
    return (
        view.astype(np.float32),
        origin.astype(np.float32),
        f"the first two principal components of the {n_dims}-dimensional codes, "
        f"{share:.0%} of their variance",
    )


def _means(**columns: np.ndarray) -> list[Score]:
    return [Score(name, "test", float(np.mean(values))) for name, values in columns.items()]


def _watched(measure: Callable[[Cell, Dataset], Measure]) -> Callable[[Cell, Dataset], Measure]:
    """`measure`, with the extras looking on."""

    def measure_and_show(cell: Cell, dataset: Dataset) -> Measure:
        score = measure(cell, dataset)
        watches = [extra.watch(cell, dataset) for extra in load_extras(cell.kind, cell.extra)]

        def both(progress: Progress) -> Mapping[tuple[str, str], float]:
            for watch in watches:
                watch(progress)
            return score(progress)

        return both

    return measure_and_show


def _family(
    measure: Callable[[Cell, Dataset], Measure],
    evaluate: Callable[[Cell, Dataset, Any], Evaluation],
) -> Family:
    return Family(check=_check, start=_start, measure=_watched(measure), evaluate=evaluate)


VAE = _family(_measure_vae, _evaluate_vae)
"""Variational autoencoders, however fitted."""

AUTOENCODER = _family(_measure_autoencoder, _evaluate_autoencoder)
"""The plain autoencoder: no likelihood, so its reconstruction error stands alone."""
