"""What the parity gate asks of each family's estimators, as a table of functions.

Apart from `studies.families.base.Family`, so that a change to the gate makes no cell anew.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
import torch

from studies.cells import Cell
from studies.worker import build_estimator
from suite.data import Dataset
from suite.evaluation.parity import Agreement, not_available
from suite.evaluation.parity_mixture import MIXTURE_QUANTITIES, Steps, mixture_parity
from suite.evaluation.parity_vae import vae_parity
from suite.gmm import MixtureParameters, initial_parameters
from suite.random import torch_generator
from suite.vae.likelihoods import is_bits
from suite.vae.networks import VAENetworks

LARGEST_TABLE = 1000
"""The first so many training rows, at the most, that mixtures are compared on."""
BATCH = 100
"""The first so many training data that VAEs are compared on, as one minibatch."""

_ROWS_A_COMPONENT = 5  # as many times D + 1 rows, so that an M-step's covariances have full rank
_OWN_SHARE = 0.25  # of a component in the covariances that are compared at; the rest: of all rows
_LITTLE_SPREAD = 1e-6  # of the smallest variance of a feature
_AWAY = 0.02  # standard deviation by which each weight is moved from a VAE's start
_SEED = 0
_DOUBLE = {"cpu", "cuda"}
_WHOLE: Mapping[str, Any] = {"n_init": 1, "batch_size": None}

Check = Callable[[Cell, Dataset], tuple[Agreement, ...]]


def check_mixture(cell: Cell, dataset: Dataset) -> tuple[Agreement, ...]:
    """A mixture's figures on the first rows at `compared_at`, all rows in one batch."""
    rows = dataset.train[:LARGEST_TABLE]
    most = max(2, len(rows) // (_ROWS_A_COMPONENT * (rows.shape[1] + 1)))
    try:
        start = compared_at(
            rows,
            min(int(cell.settings.get("n_components", 1)), most),
            str(cell.settings.get("covariance_type", "full")),
            reg_covar=float(cell.settings.get("reg_covar", 0.0)),
        )
        start.log_prob(rows)
    except (ValueError, np.linalg.LinAlgError) as error:
        why = f"there is no mixture of these rows to compare at: {error}"
        return tuple(not_available(quantity, why) for quantity in MIXTURE_QUANTITIES)
    settings = dict(cell.settings) | {"n_components": start.n_components}
    settings |= {name: value for name, value in _WHOLE.items() if name in settings}

    def make(n_steps: int) -> Any:
        brief = replace(cell, settings=settings | {cell.spec.steps_parameter: n_steps})
        return build_estimator(brief, {"initial": start})

    return mixture_parity(make, start, rows, steps=_steps(cell))


def compared_at(
    rows: np.ndarray, n_components: int, covariance_type: str, *, reg_covar: float
) -> MixtureParameters:
    """A mixture of rows that overlaps, so that every term of a gradient is at work.

    From the k-means start: weights half-way to equal ones, means half-way to the rows' mean,
    covariances a quarter a component's own and three quarters that of all rows, either with
    `reg_covar` on its diagonal.
    """
    begin = partial(initial_parameters, rows, covariance_type=covariance_type, random_state=_SEED)
    variances = rows.var(axis=0)
    # A component of one row has no spread of its own; that of all rows is enough for both.
    little = _LITTLE_SPREAD * float(variances[variances > 0].min(initial=np.inf))
    start = begin(n_components, reg_covar=max(reg_covar, little if np.isfinite(little) else 0.0))
    of_all = begin(1, reg_covar=reg_covar)
    return MixtureParameters(
        (start.weights + 1 / n_components) / 2,
        (start.means + of_all.means) / 2,
        _OWN_SHARE * start.covariances + (1 - _OWN_SHARE) * of_all.covariances,
        covariance_type,
    )


def check_vae(cell: Cell, dataset: Dataset) -> tuple[Agreement, ...]:
    """A VAE's loss on one minibatch, in float64 where it can, a little away from its start.

    One epoch on the minibatch, which is not looked at, has the estimator build its networks.
    """
    rows = dataset.train[:BATCH]
    settings = dict(cell.settings) | {cell.spec.steps_parameter: 1}
    if cell.device in _DOUBLE and "dtype" in signature(cell.spec.load()).parameters:
        settings["dtype"] = "float64"
    estimator = build_estimator(replace(cell, settings=settings), {}).fit(rows)
    networks = deepcopy(estimator.networks_).cpu()
    networks.load_state_dict(_away(getattr(estimator, "initial_", networks.state_dict())))
    fresh = build_estimator(replace(cell, settings=settings), {})
    return vae_parity(fresh, networks, _scored(networks, rows))


def _away(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A start at which no array is zero throughout."""
    generator = torch_generator(_SEED)
    draws = {n: torch.randn(w.shape, generator=generator).to(w) for n, w in weights.items()}
    return {name: weight + _AWAY * draws[name] for name, weight in weights.items()}


def _scored(networks: VAENetworks, rows: np.ndarray) -> torch.Tensor:
    """The rows as training sees them: grey pixels as bits drawn once, where it draws them."""
    x = torch.as_tensor(rows, dtype=torch.float64)
    redraw = networks.likelihood.redraw
    return x if redraw is None or is_bits(x) else redraw(x, torch_generator(_SEED))


def _steps(cell: Cell) -> Steps:
    """What is known of an estimator's steps: only of the suite's own is anything."""
    if not cell.spec.path.startswith("suite."):
        return "unknown"
    return "em" if cell.spec.step == "iteration" else "ascent"


CHECKS: dict[str, Check] = {"mixture": check_mixture, "vae": check_vae}
"""By family. The plain autoencoder is another model, with no likelihood, and takes no part."""
