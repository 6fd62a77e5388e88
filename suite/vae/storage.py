"""Trained estimators as one file each: weights in safetensors, the rest as JSON in its header."""

import json
import os
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from suite.errors import InputError
from suite.vae.networks import copy_weights

if TYPE_CHECKING:
    from suite.vae.base import NetworkEstimator

_HEADER = "latent-variable-suite"
_FORMAT = 1


@dataclass(frozen=True)
class Saved:
    """What a file holds.

    Parameters
    ----------
    settings
        The estimator's constructor parameters.
    n_features
        D.
    objectives
        The training objective of each epoch, in nats per datum.
    weights
        The networks' state dict.
    """

    settings: dict[str, Any]
    n_features: int
    objectives: list[float]
    weights: dict[str, Tensor]


def save(estimator: "NetworkEstimator", path: str | Path) -> None:
    """Write a fitted estimator to `path`; a file that is there is replaced whole or not at all."""
    settings = estimator.get_params(deep=False) | {"initial": None, "device": "cpu"}
    if not isinstance(estimator.random_state, Integral):
        settings["random_state"] = None
    settings["hidden_dims"] = list(estimator.hidden_dims)
    header = {
        "format": _FORMAT,
        "kind": type(estimator).__name__,
        "settings": settings,
        "n_features": estimator.n_features_in_,
        "objectives": estimator.objectives_,
    }
    target = Path(path)
    partial = target.with_name(f"{target.name}.partial")
    metadata = {_HEADER: json.dumps(header, default=_plain)}
    try:
        save_file(copy_weights(estimator.networks_), partial, metadata=metadata)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def read(path: str | Path, *, kind: str) -> Saved:
    """Read what `save` wrote for an estimator of class `kind`.

    Raises
    ------
    InputError
        If the file is missing, is no such file, or holds another kind of estimator.
    """
    if not Path(path).is_file():
        raise InputError(f"no file {str(path)!r}; give the path that save() was given.")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[_HEADER])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        written = (header["kind"], header["format"])
        settings = header["settings"] | {"hidden_dims": tuple(header["settings"]["hidden_dims"])}
        saved = Saved(settings, header["n_features"], header["objectives"], weights)
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise InputError(
            f"{str(path)!r} is no file that a VAE or autoencoder saved; give the path that save() "
            "was given."
        ) from None
    if written != (kind, _FORMAT):
        raise InputError(
            f"{str(path)!r} holds a {written[0]} in format {written[1]}, expected a {kind} in "
            f"format {_FORMAT}; load it with {written[0]}.load."
        )
    return saved


def _plain(value: Any) -> Any:
    """NumPy scalars as Python's own."""
    return value.item()
