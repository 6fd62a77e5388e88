"""Randomness that is always explicit: no global seed is read, set or left changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.utils import check_random_state

RandomState = int | np.random.RandomState | None
"""What every `random_state` argument accepts, with scikit-learn's meaning."""


def draw_seed(random_state: RandomState) -> int:
    """One seed in [0, 2³¹ − 1) drawn from `random_state`, by scikit-learn's convention.

    An integer gives the same seed every time, a `RandomState` advances, None is fresh entropy.

    Examples
    --------
    >>> draw_seed(0) == draw_seed(0)
    True
    """
    if random_state is None:
        return int(np.random.default_rng().integers(2**31 - 1))
    return int(check_random_state(random_state).randint(2**31 - 1))


def torch_generator(
    random_state: RandomState, device: torch.device | str = "cpu"
) -> torch.Generator:
    """A `torch.Generator` on `device`, seeded from `random_state`.

    Examples
    --------
    >>> a, b = (torch.rand(3, generator=torch_generator(7)) for _ in range(2))
    >>> bool((a == b).all())
    True
    """
    generator = torch.Generator(device=device)
    generator.manual_seed(draw_seed(random_state))
    return generator


@contextmanager
def default_noise_from(generator: torch.Generator) -> Iterator[None]:
    """Let torch's default generator continue `generator`'s stream inside the block.

    Pyro draws from torch's default generator and offers no way to pass another. Inside this block
    the default generator carries `generator`'s state; at the end `generator` takes up where the
    block stopped and the default generator is as it was before, also after an exception.

    Examples
    --------
    >>> stream, before = torch_generator(7), torch.get_rng_state()
    >>> with default_noise_from(stream):
    ...     first = torch.randn(3)
    >>> bool((first == torch.randn(3, generator=torch_generator(7))).all())
    True
    >>> bool((before == torch.get_rng_state()).all())
    True
    """
    default = _default_generator(generator.device)
    before = default.get_state()
    default.set_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(default.get_state())
        default.set_state(before)


def _default_generator(device: torch.device) -> torch.Generator:
    if device.type == "cuda":
        torch.cuda.init()
        index = torch.cuda.current_device() if device.index is None else device.index
        return torch.cuda.default_generators[index]
    if device.type == "mps":
        return torch.mps._get_default_mps_generator()
    return torch.default_generator
