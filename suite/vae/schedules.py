"""How the learning rate changes from epoch to epoch: a table of factors of `learning_rate`."""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from suite.errors import InputError

Schedule = str | Sequence[tuple[int, float]] | Callable[[int], float]
"""A name of `SCHEDULES`; or steps, pairs of an epoch and the factor from then on; or a function of
the epoch, 1, 2, …, that gives the factor."""


def _constant(epoch: int, max_epochs: int) -> float:
    return 1.0


def _cosine(epoch: int, max_epochs: int) -> float:
    """½ (1 + cos π (e − 1) / E): 1 in the first epoch, nearly 0 in the last of E (Loshchilov and
    Hutter 2017, equation 5, without restarts)."""
    return 0.5 * (1 + math.cos(math.pi * (epoch - 1) / max_epochs))


def _burda(epoch: int, max_epochs: int) -> float:
    """10^(−i/7) for 3^i epochs, i = 0…7: 3,280 epochs, and the last factor after them."""
    stage, ends = 0, 1
    while epoch > ends and stage < 7:
        stage += 1
        ends += 3**stage
    return 10 ** (-stage / 7)


SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "burda": _burda,
}
"""(epoch, max_epochs) -> factor, by name. "burda" at a learning rate of 1e-3 is the schedule of
Burda, Grosse and Salakhutdinov (2016, section 5)."""


def factor_of(schedule: Schedule, max_epochs: int) -> Callable[[int], float]:
    """The factor of the learning rate in each epoch, counted from 1.

    Raises
    ------
    InputError
        If `schedule` is none of the three forms.

    Examples
    --------
    >>> [factor_of([(3, 0.1), (5, 0.01)], 10)(epoch) for epoch in (1, 3, 4, 5)]
    [1.0, 0.1, 0.1, 0.01]
    >>> [round(factor_of("burda", 10)(epoch), 3) for epoch in (1, 2, 4, 5)]
    [1.0, 0.72, 0.72, 0.518]
    """
    if isinstance(schedule, str) and schedule in SCHEDULES:
        return lambda epoch: SCHEDULES[schedule](epoch, max_epochs)
    if callable(schedule):
        return schedule
    if isinstance(schedule, str) or not isinstance(schedule, Sequence):
        raise _wrong(schedule)
    steps = sorted(_step(pair) for pair in schedule)
    return lambda epoch: next((factor for first, factor in reversed(steps) if epoch >= first), 1.0)


def uses_max_epochs(schedule: Schedule) -> bool:
    """Whether the factors of an epoch depend on how many epochs there are to be."""
    return schedule == "cosine"


def _step(pair: Any) -> tuple[int, float]:
    try:
        epoch, factor = pair
    except (TypeError, ValueError):
        raise _wrong(pair) from None
    good = isinstance(epoch, Real) and isinstance(factor, Real) and 0 < float(factor) < math.inf
    if not good:
        raise _wrong(pair)
    return int(epoch), float(factor)


def _wrong(given: object) -> InputError:
    return InputError(
        f"schedule must be one of {', '.join(map(repr, SCHEDULES))}, a list of (epoch, factor) "
        f"pairs with positive factors, or a function of the epoch, got {given!r}."
    )
