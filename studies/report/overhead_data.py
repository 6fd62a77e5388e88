"""What a VAE's update and epoch cost, implementation by implementation, from the stored clocks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from studies.metrics import METRICS
from studies.report.floor_data import floor_under, repeats
from studies.report.loaded import StudyResults
from studies.report.parity_data import may_be_ranked
from studies.report.tables import Measured

STEP = Measured(METRICS["step_seconds"], "")
"""Seconds of an epoch after the first."""

SIZES = "sizes"
"""The sweep over sizes of network."""

FULL = ("mnist", "mnist-redrawn")
"""The data sets of the size that the targets are stated for: bits drawn once, bits redrawn."""


@dataclass(frozen=True)
class Size:
    """One data set and network whose updates are timed.

    Parameters
    ----------
    dataset
        Its name in the study.
    n_rows, batch_size
        N and B.
    n_features, latent_dim
        D and J.
    hidden_dims
        Widths of the encoder's hidden layers.
    """

    dataset: str
    n_rows: int
    batch_size: int
    n_features: int
    latent_dim: int
    hidden_dims: tuple[int, ...]

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return math.ceil(self.n_rows / self.batch_size)

    @property
    def network(self) -> str:
        """As "784-400-20"."""
        return "-".join(map(str, (self.n_features, *self.hidden_dims, self.latent_dim)))


def timed_sizes(results: StudyResults, groups: Sequence[str]) -> list[Size]:
    """The data sets of these groups of which any run ended well, narrow networks first."""
    found = []
    for group in groups:
        for dataset in results.groups.get(group, []):
            facts, settings = results.facts(dataset), results.settings(dataset, results.baseline)
            if not facts:
                continue
            hidden = settings.get("hidden_dims", (400,))
            found.append(
                Size(
                    dataset,
                    int(facts["n_train"]),
                    int(settings.get("batch_size", 128)),
                    int(facts["n_features"]),
                    int(settings.get("latent_dim", 20)),
                    tuple(int(width) for width in hidden),
                )
            )
    return sorted(found, key=lambda size: (size.hidden_dims, size.latent_dim))


def present(results: StudyResults, sizes: Sequence[Size]) -> list[str]:
    """The implementations that the study ran on any of the sizes, in its order."""
    return [n for n in results.estimators if any(results.planned(s.dataset, n) for s in sizes)]


def update_milliseconds(results: StudyResults, size: Size, name: str) -> pd.Series:
    """Milliseconds of an update by repetition: an epoch's time over its updates."""
    return 1e3 * results.values("step_seconds", "", size.dataset, name) / size.updates


@dataclass(frozen=True)
class Ranged:
    """A figure over repetitions.

    Parameters
    ----------
    median, low, high
        The median, the smallest and the largest; NaN without any.
    n
        How many repetitions.
    """

    median: float
    low: float
    high: float
    n: int


def ranged(values: pd.Series) -> Ranged:
    """The median and the range of finite values."""
    kept = values[np.isfinite(values.astype(float))]
    if kept.empty:
        return Ranged(math.nan, math.nan, math.nan, 0)
    return Ranged(float(kept.median()), float(kept.min()), float(kept.max()), len(kept))


def time_ratios(results: StudyResults, dataset: str, slow: str, fast: str) -> pd.Series:
    """By repetition, `slow`'s time of an epoch over `fast`'s; none if the two may not be ranked."""
    if not may_be_ranked(results, slow, fast):
        return pd.Series(dtype=float)
    pairs = results.pairs("step_seconds", "", dataset, slow, fast)
    return pairs["one"] / pairs["other"]


def product_ratios(
    results: StudyResults, dataset: str, name: str, *, products_of: str | None = None
) -> pd.Series:
    """By repetition, an epoch's time over that of its matrix products, both of one process.

    `products_of` names the estimator in whose process the products were timed, if another's.
    """
    products_of = name if products_of is None else products_of
    columns = {
        "epoch": results.values("step_seconds", "", dataset, name),
        "products": results.values("epoch_product_seconds", "", dataset, products_of),
    }
    pairs = pd.DataFrame(columns).dropna()
    return pairs["epoch"] / pairs["products"]


@dataclass(frozen=True)
class Held:
    """A time's ratio to the baseline's held against the noise floor of the size's sweep.

    Parameters
    ----------
    mean
        The geometric mean of the ratios; NaN without any.
    floor
        The share by which the baseline's time differs from its own by chance under a mean of so
        many; NaN where that was not measured.
    """

    mean: float
    floor: float

    @property
    def is_tie(self) -> bool:
        """Whether the mean is within the floor."""
        return abs(math.log(self.mean)) <= math.log1p(self.floor)


def held_ratio(results: StudyResults, size: Size, ratios: pd.Series) -> Held:
    """The mean of ratios to the baseline and the noise floor under it."""
    if ratios.empty:
        return Held(math.nan, math.nan)
    datasets = next(g for g in results.groups.values() if size.dataset in g)
    mean = math.exp(float(np.log(ratios).mean()))
    return Held(mean, _floor(results, len(ratios), tuple(datasets)))


@lru_cache(maxsize=8)  # every row of a table asks for the same one
def _floor(results: StudyResults, n_pairs: int, datasets: tuple[str, ...]) -> float:
    floor = floor_under(results, STEP, results.baseline, results.baseline, n_pairs, datasets)
    return math.nan if floor is None else floor.ratio


def own_difference(results: StudyResults, size: Size) -> float:
    """The largest difference of the baseline's two timings, in milliseconds of an update; or NaN.

    What differences of two implementations' milliseconds are to be held against.
    """
    again = [a for a, first in repeats(results).items() if first == results.baseline]
    values = [
        float(pairs["one"].sub(pairs["other"]).abs().max())
        for name in again
        if len(pairs := results.pairs("step_seconds", "", size.dataset, name, results.baseline))
    ]
    return 1e3 * max(values) / size.updates if values else math.nan
