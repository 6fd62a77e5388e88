"""Trained estimators as one file each: weights in safetensors, the rest as JSON in its header."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from suite.errors import InputError
from suite.vae.checkpoint import digest
from suite.vae.files import read_file, write_file
from suite.vae.networks import copy_weights
from suite.vae.schedules import uses_max_epochs

if TYPE_CHECKING:
    from suite.vae.base import NetworkEstimator

_HEADER = "latent-variable-suite"
_FORMAT = 1
# Settings that may be functions, and what a file has in their place.
_FUNCTIONS = {"schedule": "constant", "optimizer": "adam"}


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
    more
        What the class adds of its own.
    """

    settings: dict[str, Any]
    n_features: int
    objectives: list[float]
    weights: dict[str, Tensor]
    more: dict[str, Any]


def save(estimator: "NetworkEstimator", path: str | Path) -> None:
    """Write a fitted estimator to `path`; a file that is there is replaced whole or not at all."""
    settings = json_settings(estimator) | {"device": "cpu"}
    for part, default in _FUNCTIONS.items():
        if callable(getattr(estimator, part)):
            settings[part] = default
    header = {
        "format": _FORMAT,
        "kind": type(estimator).__name__,
        "settings": settings,
        "n_features": estimator.n_features_in_,
        "objectives": estimator.objectives_,
        "more": estimator._more_to_save(),
    }
    metadata = {_HEADER: json.dumps(header)}
    write_file(Path(path), copy_weights(estimator.networks_), metadata)


def json_settings(estimator: "NetworkEstimator") -> dict[str, Any]:
    """Constructor parameters as JSON can hold them.

    `initial` is None there, and so is a `random_state` that is no integer; of modules of one's own
    and of a schedule or an optimizer that is a function, the name stays.
    """
    settings = estimator.get_params(deep=False) | {"initial": None}
    if not isinstance(estimator.random_state, Integral):
        settings["random_state"] = None
    for part in _FUNCTIONS:
        if callable(given := settings.get(part)):
            settings[part] = f"function {getattr(given, '__qualname__', '')}"
    for part in ("encoder", "decoder"):
        if settings.get(part) is not None:
            settings[part] = type(settings[part]).__name__
    return {name: _plain(value) for name, value in settings.items()}


def identity(estimator: "NetworkEstimator", data: Tensor) -> dict[str, Any]:
    """All that a fit depends on, for a checkpoint to know its own by.

    Where the device or compilation differ, a resumed fit is the same up to rounding.
    """
    settings = json_settings(estimator)
    for free in ("initial", "device", "compile"):
        del settings[free]
    if not uses_max_epochs(estimator.schedule):
        del settings["max_epochs"]
    weights = dict(estimator.initial or {})
    for module in (estimator.encoder, estimator.decoder):
        weights |= {} if module is None else module.state_dict()
    return {
        "class": type(estimator).__name__,
        **settings,
        "data": digest({"X": data}),
        "initial": digest(weights) if weights else None,
    }


def with_modules(settings: dict[str, Any], **modules: nn.Module | None) -> dict[str, Any]:
    """Saved settings with modules in the place of their names.

    Raises
    ------
    InputError
        If one is missing, or given where there was none.
    """
    for part, module in modules.items():
        name = settings.get(part)
        if (name is None) != (module is None):
            raise InputError(
                f"the estimator was fitted with {part}={name}, got {module!r}; give load() "
                "modules of the same class, and only where the fit had them."
            )
    return settings | {part: module for part, module in modules.items() if part in settings}


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
        weights, metadata = read_file(Path(path))
        header = json.loads(metadata[_HEADER])
        written = (header["kind"], header["format"])
        settings = {name: _tupled(value) for name, value in header["settings"].items()}
        more = header.get("more", {})
        saved = Saved(settings, header["n_features"], header["objectives"], weights, more)
    except (AttributeError, KeyError, TypeError, ValueError):
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
    """Sequences as lists, all the way down, and NumPy scalars as Python's own."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _tupled(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(_tupled(part) for part in value) if isinstance(value, list) else value
