"""What the constructors of the estimators accept, checked before anything is learned."""

from numbers import Real
from typing import TYPE_CHECKING

from torch import nn

from suite.errors import InputError
from suite.vae.building import ACTIVATIONS
from suite.vae.likelihoods import LIKELIHOODS
from suite.vae.optimizers import check_optimizer
from suite.vae.schedules import factor_of
from suite.vae.validation import (
    DTYPES,
    check_choice,
    check_count,
    check_counts,
    check_positive,
)

if TYPE_CHECKING:
    from suite.vae.base import NetworkEstimator


def check_settings(estimator: "NetworkEstimator") -> None:
    """Check what every estimator of this package has.

    Raises
    ------
    InputError
        If a setting is of the wrong type or out of range.
    """
    check_count("latent_dim", estimator.latent_dim)
    check_counts("hidden_dims", estimator.hidden_dims)
    check_choice("activation", estimator.activation, list(ACTIVATIONS))
    check_counts("channels", estimator.channels)
    if estimator.image_shape is not None:
        check_counts("image_shape", estimator.image_shape)
    for name in ("encoder", "decoder"):
        module = getattr(estimator, name)
        if module is not None and not isinstance(module, nn.Module):
            raise InputError(f"{name} must be a torch.nn.Module or None, got {module!r}.")
    check_choice("likelihood", estimator.likelihood, list(LIKELIHOODS))
    check_count("max_epochs", estimator.max_epochs)
    check_count("batch_size", estimator.batch_size)
    check_optimizer(estimator.optimizer)
    check_positive("learning_rate", estimator.learning_rate)
    factor_of(estimator.schedule, estimator.max_epochs)
    if estimator.average is not None:
        _check_fraction("average", estimator.average)
    if estimator.patience is not None:
        check_count("patience", estimator.patience)
        _check_fraction("validation_fraction", estimator.validation_fraction)
    check_choice("dtype", estimator.dtype, list(DTYPES))


def _check_fraction(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise InputError(f"{name} must be a number between 0 and 1, got {value!r}.")
