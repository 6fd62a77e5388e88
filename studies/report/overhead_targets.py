"""The targets that the VAEs' speed is held to, each met or not met with its figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Section, Table, Text
from studies.report.overhead_data import (
    FULL,
    Ranged,
    product_ratios,
    ranged,
    time_ratios,
    timed_sizes,
)
from studies.report.overhead_parts import HAND
from studies.report.overhead_words import span
from studies.report.words import MISSING, escaped, significant

COMPILED, PYRO = "torch-vae-compiled", "pyro-vae"
_LOOP, _PYTHAE, _NUMPYRO = "dataloader-vae", "pythae-vae", "numpyro-vae"

_SIZE = {"latent_dim": 20, "hidden_dims": (400,), "n_features": 784, "batch_size": 128}
"""The size that the targets speak of, on all 60,000 images."""
_ROWS = 60_000


@dataclass(frozen=True)
class Target:
    """What is asked of two times.

    Parameters
    ----------
    text
        The target in words.
    slow, fast
        Whose time is divided by whose; "products" stands for the matrix products alone.
    limit
        The ratio asked for.
    at_most
        Whether the ratio may be at most that, rather than at least.
    """

    text: str
    slow: str
    fast: str
    limit: float
    at_most: bool

    @property
    def side(self) -> str:
        """On which side of the limit the ratio is to be, in words."""
        return "at most" if self.at_most else "at least"

    @property
    def asked(self) -> str:
        """The limit in words."""
        return f"{self.side} {significant(self.limit)}"

    def holds(self, ratio: float) -> bool:
        """Whether a ratio is as asked for."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit


_PRODUCTS = "products"
TARGETS = (
    Target("By hand, compiled: time of the matrix products", COMPILED, _PRODUCTS, 1.3, True),
    Target("By hand, uncompiled: time of the matrix products", HAND, _PRODUCTS, 1.7, True),
    Target("By hand, compiled, against a `DataLoader` loop", _LOOP, COMPILED, 3.0, False),
    Target("By hand, uncompiled, against a `DataLoader` loop", _LOOP, HAND, 3.0, False),
    Target("By hand, compiled, against pythae", _PYTHAE, COMPILED, 1.0, False),
    Target("By hand, uncompiled, against pythae", _PYTHAE, HAND, 1.0, False),
    Target("By hand, compiled, against NumPyro's compiled epoch", _NUMPYRO, COMPILED, 1.0, False),
    Target("By hand, uncompiled, against NumPyro's compiled epoch", _NUMPYRO, HAND, 1.0, False),
    Target("Pyro, against by hand, both uncompiled", PYRO, HAND, 1.12, True),
)
"""In the order of the report."""


@dataclass(frozen=True)
class Judged:
    """A target on one data set.

    Parameters
    ----------
    target
        What was asked.
    dataset
        Where.
    ratio
        What was measured, over repetitions.
    met
        Whether the median is as asked; None without a figure.
    """

    target: Target
    dataset: str
    ratio: Ranged
    met: bool | None

    @property
    def always(self) -> bool:
        """Whether every repetition is as asked."""
        return self.ratio.n > 0 and all(
            self.target.holds(r) for r in (self.ratio.low, self.ratio.high)
        )


def judged_targets(results: StudyResults) -> list[Judged]:
    """Every target on every data set of its size that has both implementations, in order."""
    found = []
    for target in TARGETS:
        places = [d for d in stated_datasets(results) if _planned(results, d, target)]
        for dataset in places:
            ratio = ranged(_ratios(results, dataset, target))
            met = target.holds(ratio.median) if ratio.n else None
            found.append(Judged(target, dataset, ratio, met))
    return found


def overhead_target_section(results: StudyResults) -> Section:
    """The targets, each met or not met with its figure."""
    title = "The targets"
    judged = judged_targets(results)
    if not judged:
        text = "This run has no data set of the size that the targets are stated for."
        return Section("overhead-target", title, (Text(text),))
    return Section("overhead-target", title, (Text(_LEAD), _table(results, judged)))


_LEAD = (
    "An epoch of all of MNIST's 60,000 training images at 784-400-20 in minibatches of 128, on two "
    "threads. Each figure is a ratio of two times of one repetition; a target is met where the "
    "median over repetitions is as asked for, and it is said where a single repetition is not."
)


def _table(results: StudyResults, judged: Sequence[Judged]) -> Table:
    rows, records = [], []
    for j in judged:
        rows.append(
            (
                Entry(j.target.text),
                Entry(escaped(j.dataset)),
                Entry(j.target.asked),
                Entry(significant(j.ratio.median), span(j.ratio)),
                Entry(_word(j), "" if j.always or not j.met else "not in every repetition"),
            )
        )
        met = math.nan if j.met is None else float(j.met)
        values = (j.target.limit, j.ratio.median, j.ratio.low, j.ratio.high, j.ratio.n, met)
        records.append((j.dataset, j.target.slow, j.target.fast, *values))
    names = ["limit", "ratio", "ratio_low", "ratio_high", "repetitions", "met"]
    return Table(
        "targets",
        "Ratios of times per epoch; medians over repetitions, below them their range. "
        f"{MISSING}: a run or the package is not there, or the two may not be ranked.",
        (
            Column("target", align="left"),
            Column("data", align="left"),
            Column("asked"),
            Column("measured"),
            Column("verdict", align="left"),
        ),
        tuple(rows),
        pd.DataFrame(records, columns=["dataset", "slow", "fast", *names]),
    )


def _word(judged: Judged) -> str:
    return {True: "met", False: "**not met**", None: "not judged"}[judged.met]


def stated_datasets(results: StudyResults) -> list[str]:
    """The data sets of the size that the targets are stated for."""
    return [
        size.dataset
        for size in timed_sizes(results, FULL)
        if size.n_rows == _ROWS
        and all(getattr(size, name) == value for name, value in _SIZE.items())
    ]


def _planned(results: StudyResults, dataset: str, target: Target) -> bool:
    names = [name for name in (target.slow, target.fast) if name != _PRODUCTS]
    return all(results.planned(dataset, name) for name in names)


def _ratios(results: StudyResults, dataset: str, target: Target) -> pd.Series:
    if target.fast == _PRODUCTS:
        return product_ratios(results, dataset, target.slow)
    return time_ratios(results, dataset, target.slow, target.fast)
