"""Where the milliseconds go that Pyro's tutorial form takes beyond the VAE by hand."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.overhead_data import Size, update_milliseconds


@dataclass(frozen=True)
class Part:
    """One thing that two implementations differ in, and what it adds to an update.

    Parameters
    ----------
    name
        A word for it.
    label
        What figures and tables call it.
    meaning
        What it consists of, for a reader who knows Pyro.
    more, less
        The implementations with and without it, by their names in the study.
    """

    name: str
    label: str
    meaning: str
    more: str
    less: str


HAND, TUTORIAL = "torch-vae", "pyro-tutorial"
"""The two ends: by hand, and Pyro as in its tutorial."""

PARTS = (
    Part(
        "tracing",
        "model and guide run by Pyro",
        "sites, traces, distribution objects and the bound summed from them, at every step",
        "pyro-vae",
        HAND,
    ),
    Part(
        "divergence",
        "divergence sampled",
        "`Trace_ELBO`, which scores the drawn $z$ under prior and guide, for the closed form",
        "pyro-sampled",
        "pyro-vae",
    ),
    Part(
        "optimizer",
        "an optimizer a tensor",
        "`pyro.optim.Adam` by `SVI.step`, with the parameter store, for one fused Adam",
        "pyro-per-tensor",
        "pyro-sampled",
    ),
    Part(
        "validation",
        "validation",
        "checks of every distribution, site and trace",
        "pyro-validated",
        "pyro-vae",
    ),
)
"""One thing at a time. Only the parts' sum tells of them together; the rest is `unexplained`."""

ASIDE = (
    Part(
        "divergence-by-hand",
        "divergence sampled, by hand",
        "the same change in the VAE by hand: what of it is arithmetic",
        "torch-vae-sampled",
        HAND,
    ),
    Part(
        "jit",
        "loss traced once",
        "`torch.jit` replays Pyro's loss without its Python",
        "pyro-jit",
        "pyro-vae",
    ),
)
"""What belongs to no sum: the change on the other side, and what may be saved."""


def added(results: StudyResults, size: Size, part: Part) -> pd.Series:
    """By repetition, the milliseconds of an update that the part adds."""
    return _difference(results, size, part.more, part.less)


def total(results: StudyResults, size: Size) -> pd.Series:
    """By repetition, the milliseconds between the two ends."""
    return _difference(results, size, TUTORIAL, HAND)


def unexplained(results: StudyResults, size: Size) -> pd.Series:
    """By repetition, the total less the sum of all parts: what they do together beyond that."""
    parts = [added(results, size, part) for part in PARTS]
    table = pd.concat([total(results, size), *parts], axis=1).dropna()
    values = table.to_numpy(float)
    return pd.Series(values[:, 0] - values[:, 1:].sum(axis=1), index=table.index, dtype=float)


def share_explained(results: StudyResults, size: Size) -> float:
    """The sum of the parts over the total, the median over repetitions; NaN without either."""
    rest, whole = unexplained(results, size), total(results, size)
    both = pd.concat([rest, whole], axis=1).dropna().to_numpy(float)
    return float(np.median(1 - both[:, 0] / both[:, 1])) if len(both) else float("nan")


def _difference(results: StudyResults, size: Size, more: str, less: str) -> pd.Series:
    pair = [update_milliseconds(results, size, name) for name in (more, less)]
    table = pd.concat(pair, axis=1).dropna().to_numpy(float)
    index = pair[0].index.intersection(pair[1].index)
    return pd.Series(table[:, 0] - table[:, 1], index=index, dtype=float)
