"""Stores of made-up results, of the form in which a study leaves them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studies.results import CellResult, PlannedCell, ResultStore, Score, TracePoint

Change = Callable[[PlannedCell, CellResult], CellResult | None]
"""What becomes of a cell; None leaves it not run."""

GAPS = {"em": 2e-8, "sklearn": 2e-8, "svi": 0.0, "svi-enumerated": 0.0, "svi-amortised": 0.21}
SPEEDS = {"em": (14, 8e-4), "sklearn": (14, 5e-4)}
SHIFTS = {"svi": -3e-4, "svi-enumerated": -3e-4, "svi-amortised": -0.02, "sklearn": 1e-11}
CLASSICS = (
    "faithful",
    "galaxies",
    "acidity",
    "iris",
    "diabetes",
    "wine",
    "breast_cancer",
    "digits",
)


def unchanged(cell: PlannedCell, result: CellResult) -> CellResult:
    """The result as it was made up."""
    return result


def mixture_store(
    path: Path,
    *,
    datasets: Sequence[str] = ("faithful", "galaxies", "iris"),
    estimators: Mapping[str, Mapping[str, Any]] | Sequence[str] = ("em", "sklearn", "svi"),
    seeds: int = 3,
    labelled: bool = True,
    change: Change = unchanged,
    **document: Any,
) -> ResultStore:
    """A mixture study's store."""
    content = {
        "name": "made-up",
        "profile": "full",
        "title": "Mixtures made up",
        "question": "Do they agree?",
        "kind": "mixture",
        "baseline": "em",
        "metrics": ["log_likelihood", "elbo", "adjusted_rand_index", "steps", "fit_seconds"],
        "sections": None,
        "datasets": {
            name: {"settings": {"n_components": 3, "covariance_type": "full"}} for name in datasets
        },
        "stopping": {"tolerance": 1e-7, "max_steps": 5000, "time_limit": 300.0, "target": 0.01},
        "evaluation": {"importance_samples": 100, "trace_limit": 1000},
        "threads": 1,
        **document,
    }
    make = lambda cell: _mixture_cell(cell, labelled)  # noqa: E731
    return _filled(path, content, datasets, _entries(estimators), seeds, make, change)


def vae_store(
    path: Path,
    *,
    datasets: Sequence[str] = ("mnist",),
    estimators: Mapping[str, Mapping[str, Any]] | Sequence[str] = (
        "torch-vae",
        "pyro-vae",
        "autoencoder",
    ),
    seeds: int = 3,
    images: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    label_names: Sequence[str] = tuple("0123456789"),
    change: Change = unchanged,
    **document: Any,
) -> ResultStore:
    """A VAE study's store; `images` (N, 28, 28) in 0..255, made up if left out."""
    content = {
        "name": "made-up-vae",
        "profile": "full",
        "title": "VAEs made up",
        "question": "Do the twins agree?",
        "kind": "vae",
        "baseline": "torch-vae",
        "metrics": [
            "log_likelihood",
            "elbo",
            "distortion",
            "rate",
            "reconstruction_error",
            "fit_seconds",
        ],
        "sections": None,
        "datasets": {name: {"settings": {"latent_dim": 20}} for name in datasets},
        "stopping": {"tolerance": None, "max_steps": 30, "time_limit": 3000.0, "target": 1.0},
        "evaluation": {"importance_samples": 100, "trace_limit": 1000},
        "threads": 2,
        **document,
    }
    if images is None:
        images = _blobs(300)
    if labels is None:
        labels = np.arange(len(images)) % 10
    pictures = (images, labels, list(label_names))
    make = lambda cell: _vae_cell(cell, *pictures)  # noqa: E731
    return _filled(path, content, datasets, _entries(estimators), seeds, make, change)


def failing(dataset: str, estimator: str, *seeds: int, status: Any = "diverged") -> Change:
    """Make these runs end badly."""

    def change(cell: PlannedCell, result: CellResult) -> CellResult | None:
        if (cell.dataset, cell.estimator) != (dataset, estimator) or cell.seed not in seeds:
            return result
        if status == "not run":
            return None
        return CellResult(
            cell.key, status, "the objective became NaN at epoch 3 | lower the rate", "Traceback"
        )

    return change


def _entries(estimators: Mapping[str, Mapping[str, Any]] | Sequence[str]) -> dict[str, Any]:
    if isinstance(estimators, Mapping):
        return {name: dict(entry) for name, entry in estimators.items()}
    return {name: {} for name in estimators}


def _filled(
    path: Path,
    content: dict[str, Any],
    datasets: Sequence[str],
    estimators: dict[str, Any],
    seeds: int,
    make: Callable[[PlannedCell], CellResult],
    change: Change,
) -> ResultStore:
    content = content | {"seeds": seeds, "estimators": estimators}
    plan = [
        PlannedCell(f"{d}-{e}-{s}", d, e, s, {"dataset": d, "estimator": e, "seed": s})
        for s in range(seeds)
        for d in datasets
        for e in estimators
    ]
    store = ResultStore(path)
    store.write_plan(
        content,
        plan,
        {"python": "3.11.2", "torch": "2.13.0", "machine": "x86_64, 2 cores", "commit": "abc123"},
    )
    for cell in plan:
        result = change(cell, make(cell))
        if result is not None:
            store.write_cell(cell.description, result)
    return store


def _generator(*parts: Any) -> np.random.Generator:
    return np.random.default_rng([sum(map(ord, str(part))) for part in parts])


def _facts(cell: PlannedCell, **more: Any) -> dict[str, Any]:
    return {
        "name": cell.dataset,
        "n_train": 204,
        "n_test": 68,
        "n_features": 2,
        "source": "Made up, 2026.",
        "licence": "CC0",
        "origin": "bundled",
        "origin_detail": "the package's own table",
        "content_hash": f"{cell.dataset}{cell.seed}",
        "notes": ["standardised by nobody"],
        "label_names": ["a", "b", "c"],
        "image_shape": None,
        **more,
    }


def _mixture_cell(cell: PlannedCell, labelled: bool) -> CellResult:
    shared = _generator(cell.dataset, cell.seed)
    level, start = -4 + shared.normal(0, 0.08), -0.6 - shared.random()
    steps, pace = SPEEDS.get(cell.estimator, (1500, 6e-4))
    gap, shift = GAPS.get(cell.estimator, 0.0), SHIFTS.get(cell.estimator, 0.0)
    train, test = level + shift, level - 0.1 + shared.normal(0, 0.05) + shift
    own = _generator(cell.dataset, cell.seed, cell.estimator)
    pace *= own.uniform(0.9, 1.2)
    scores = [
        Score("objective", "train", train - gap),
        Score("steps", "", steps),
        Score("converged", "", 1.0),
        Score("fit_seconds", "", steps * pace),
        Score("evaluation_seconds", "", 0.01),
        Score("peak_memory", "", 300.0),
    ]
    for split, value in (("train", train), ("test", test)):
        scores += [
            Score("log_likelihood", split, value),
            Score("elbo", split, value - gap),
            Score("gap", split, value - (value - gap)),
        ]
        if labelled and cell.dataset not in ("faithful", "galaxies", "acidity"):
            scores.append(Score("adjusted_rand_index", split, 0.9 + own.uniform(-0.02, 0.02)))
    return CellResult(
        cell.key,
        "ok",
        dataset_facts=_facts(cell, **({"view": _view_facts(cell)} if cell.seed == 0 else {})),
        provenance={"threads": 1, "load_average": 0.5, "started": "2026-01-01T00:00:00+00:00"},
        scores=scores,
        trace=_mixture_trace(train, start, steps, pace, gap),
        arrays=_view_arrays(cell, labelled) if cell.seed == 0 else {},
    )


def _mixture_trace(
    train: float, start: float, steps: int, pace: float, gap: float
) -> list[TracePoint]:
    points = [TracePoint(0, 0.0, "log_likelihood", "train", train + start)]
    some = np.unique(np.round(np.geomspace(1, steps, 40)).astype(int))
    for step in some:
        left = np.exp(-12 * step / steps)
        value = train + start * left
        bound_gap = gap + (0.3 * left if gap > 0 else 0.0)
        point = {"log_likelihood": value, "elbo": value - bound_gap, "gap": bound_gap}
        points += [
            TracePoint(int(step), float(step * pace), name, "train", v) for name, v in point.items()
        ]
    return points


def _view_facts(cell: PlannedCell) -> dict[str, Any]:
    if cell.dataset in ("galaxies", "acidity"):
        return {"axes": ["velocity"], "note": "the data as they are"}
    return {"axes": ["eruptions", "waiting"], "note": "the data as they are"}


def _view_arrays(cell: PlannedCell, labelled: bool) -> dict[str, np.ndarray]:
    random = _generator(cell.dataset)
    width = 1 if cell.dataset in ("galaxies", "acidity") else 2
    means = random.normal(0, 4, (3, width))
    labels = random.integers(0, 3, 204)
    arrays = {
        "view_points": means[labels] + random.normal(0, 0.8, (204, width)),
        "view_weights": np.array([0.5, 0.3, 0.2]),
        "view_means": means,
        "view_covariances": np.tile(np.eye(width) * 0.6 + 0.1, (3, 1, 1)),
    }
    if labelled:
        arrays["view_labels"] = labels
    return arrays


def _vae_cell(
    cell: PlannedCell, images: np.ndarray, labels: np.ndarray, label_names: list[str]
) -> CellResult:
    shared = _generator(cell.dataset, cell.seed)
    own = _generator(cell.dataset, cell.seed, cell.estimator)
    n = len(images)
    plain = cell.estimator == "autoencoder"
    bound = -100 + shared.normal(0, 22, n) + own.normal(0.02, 0.4, n)
    log_likelihood = bound + np.abs(shared.normal(5, 1.5, n))
    errors = -bound - 25 - (14 if plain else 0)
    epoch_seconds = {"torch-vae": 2.4, "pyro-vae": 2.7}.get(cell.estimator, 2.1)
    epoch_seconds *= own.uniform(0.97, 1.05)
    scores = [
        Score("reconstruction_error", "test", float(errors.mean())),
        Score("objective", "train", float(-errors.mean() if plain else bound.mean() + 1)),
        Score("steps", "", 30),
        Score("fit_seconds", "", 30 * epoch_seconds),
        Score("evaluation_seconds", "", 12.0),
        Score("peak_memory", "", 900.0),
    ]
    arrays = {"reconstruction_error_per_datum": errors}
    if not plain:
        means = {"log_likelihood": log_likelihood, "elbo": bound, "gap": log_likelihood - bound}
        scores += [Score(name, "test", float(v.mean())) for name, v in means.items()]
        scores += [
            Score("distortion", "test", float(-bound.mean() - 25)),
            Score("rate", "test", 25.0),
            Score("effective_sample_size", "test", 6.5),
            Score("log_likelihood_monte_carlo_error", "test", 0.011),
            Score("elbo_standard_error", "test", float(bound.std(ddof=1) / np.sqrt(n))),
            Score(
                "log_likelihood_standard_error",
                "test",
                float(log_likelihood.std(ddof=1) / np.sqrt(n)),
            ),
        ]
        arrays |= {"elbo_per_datum": bound, "log_likelihood_per_datum": log_likelihood}
    arrays = {name: v.astype(np.float32) for name, v in arrays.items()}
    facts: dict[str, Any] = {"image_shape": [28, 28], "label_names": label_names}
    if cell.seed == 0:
        arrays |= _pictures(images, labels, own, plain)
        share = 27 if plain else 16
        facts["codes_note"] = f"two components, {share}% of the variance on {cell.dataset}"
    return CellResult(
        cell.key,
        "ok",
        dataset_facts=_facts(cell, n_train=60000, n_test=n, n_features=784, **facts),
        provenance={"threads": 2, "load_average": 1.5, "started": "2026-01-01T00:00:00+00:00"},
        scores=scores,
        trace=_vae_trace(float(bound.mean()), float(errors.mean()), epoch_seconds, plain),
        arrays=arrays,
    )


def _vae_trace(bound: float, error: float, pace: float, plain: bool) -> list[TracePoint]:
    points = []
    for epoch in range(1, 31):
        left = 60 / epoch - 2
        values = {("reconstruction_error", "test"): error + left}
        if plain:
            values["objective", "train"] = -error - left
        else:
            values["elbo", "test"] = bound - left
            values["objective", "train"] = bound - left + 0.05 * epoch
        points += [
            TracePoint(epoch, epoch * pace, name, split, value)
            for (name, split), value in values.items()
        ]
    return points


def _pictures(
    images: np.ndarray, labels: np.ndarray, random: np.random.Generator, plain: bool
) -> dict[str, np.ndarray]:
    flat = images.reshape(len(images), -1)
    originals = flat[:10]
    paths = np.linspace(flat[:5], flat[5:10], 9, axis=1)
    noise = random.normal(0, 60, (64, flat.shape[1])) if plain else 0
    centres = _generator("centres").normal(0, 2, (10, 2))
    chosen = labels[:2000]
    return {
        "originals": np.where(originals > 127, 255, 0).astype(np.uint8),
        "reconstructions": (originals * 0.9).astype(np.uint8),
        "samples": np.clip(flat[10:74] + noise, 0, 255).astype(np.uint8),
        "interpolation": paths.astype(np.uint8),
        "codes": (centres[chosen] + random.normal(0, 0.6, (len(chosen), 2))).astype(np.float32),
        "code_labels": chosen,
    }


def _blobs(n: int) -> np.ndarray:
    random = _generator("blobs")
    centres = random.uniform(8, 20, (n, 2, 1, 1))
    rows, columns = np.mgrid[:28, :28]
    distance = (rows - centres[:, 0]) ** 2 + (columns - centres[:, 1]) ** 2
    return (255 * np.exp(-distance / 18)).astype(np.uint8)
