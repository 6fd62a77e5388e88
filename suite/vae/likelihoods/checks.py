"""Which data a likelihood accepts, each refusal with what to do instead."""

from torch import Tensor

from suite.errors import InputError


def is_bits(x: Tensor) -> bool:
    """Whether every entry is 0 or 1.

    Examples
    --------
    >>> import torch
    >>> is_bits(torch.tensor([0.0, 1.0])), is_bits(torch.tensor([0.0, 0.5]))
    (True, False)
    """
    return bool(((x == 0) | (x == 1)).all())


def check_unit_interval(X: Tensor) -> None:
    """Refuse values outside [0, 1].

    Raises
    ------
    InputError
        If there is one.

    Examples
    --------
    >>> import torch
    >>> check_unit_interval(torch.tensor([0.0, 255.0]))
    Traceback (most recent call last):
    suite.errors.InputError: a Bernoulli likelihood needs pixels in [0, 1], got values from 0 to \
255; divide 0…255 pixels by 255, or use likelihood='gaussian'.
    """
    low, high = float(X.min()), float(X.max())
    if low < 0 or high > 1:
        raise InputError(
            f"a Bernoulli likelihood needs pixels in [0, 1], got values from {low:g} to {high:g}; "
            "divide 0…255 pixels by 255, or use likelihood='gaussian'."
        )


def check_bits(X: Tensor) -> None:
    """Refuse what is neither 0 nor 1.

    Raises
    ------
    InputError
        If there is such a value.
    """
    check_unit_interval(X)
    if not is_bits(X):
        raise InputError(
            "likelihood 'bernoulli' scores bits, but X has values between 0 and 1; binarise X "
            "(suite.data.binarise), or fit a density of grey pixels "
            "(likelihood='continuous-bernoulli') or the convention likelihood='bernoulli-grey'."
        )


def accept_any(X: Tensor) -> None:
    """Every finite number will do; that they are finite has been checked."""
