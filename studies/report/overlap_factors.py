"""Of which factors an estimator's time to the target consists, separation by separation."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table
from studies.report.numbers import linked
from studies.report.overlap_data import Overlap, slowdowns
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import significant

_TABLE = "overlap-factors"
_ALL = "all"


@dataclass(frozen=True)
class Factors:
    """An estimator's way to the target as multiples of the baseline's: medians over runs.

    Parameters
    ----------
    estimator
        By its name in the study.
    dataset, separation
        Where; "all" and NaN if the runs of all separations are pooled.
    pooled
        Whether they are.
    time
        Seconds over the baseline's.
    steps
        Steps over the baseline's, for one of its iterations.
    price
        Seconds of a step over those of an iteration.
    pairs
        How many seeds steps and price are over: those on which both arrived, and not at the start.
    """

    estimator: str
    dataset: str
    separation: float
    pooled: bool
    time: float
    steps: float
    price: float
    pairs: int

    def said(self, column: str) -> str:
        """A figure with its place in the table."""
        where = {"estimator": self.estimator, "dataset": self.dataset}
        return linked(significant(getattr(self, column)), _TABLE, column, where=where)


def factors_of(results: StudyResults, found: Sequence[Overlap], name: str) -> list[Factors]:
    """One a separation, the closest components first, and last that of all pooled."""
    own = results.baseline
    frames = [_factors(overlap, name, own) for overlap in found]
    times = [slowdowns(overlap, name, own) for overlap in found]
    by_place = [
        _medians(name, overlap.dataset, overlap.separation, frame, ratios)
        for overlap, frame, ratios in zip(found, frames, times, strict=True)
    ]
    whole = _medians(name, _ALL, math.nan, pd.concat(frames), np.concatenate(times))
    return [*by_place, whole]


def factors_table(results: StudyResults, found: Sequence[Overlap]) -> Table:
    """The factors of every estimator but the baseline."""
    rows = [factors for name in results.others for factors in factors_of(results, found, name)]
    every = [overlap.dataset for overlap in found]
    own = results.label(results.baseline)
    return Table(
        _TABLE,
        f"To the target, as multiples of {own}'s: medians over the seeds where both reached it, by "
        "separation and over all of them together. The time is, run by run, the product of the "
        "steps for one iteration and the price of a step.",
        (
            Column("estimator", align="left"),
            Column("separation"),
            RUNS_OK,
            Column("time"),
            Column("steps for an iteration"),
            Column("price of a step"),
        ),
        tuple(
            (
                Entry(results.label(row.estimator)),
                Entry(_ALL if row.pooled else significant(row.separation)),
                ok_entry(results, every if row.pooled else [row.dataset], [row.estimator]),
                *(Entry(significant(value)) for value in (row.time, row.steps, row.price)),
            )
            for row in rows
        ),
        pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(Factors)]),
    )


def time_range(places: Sequence[Factors]) -> tuple[str, str]:
    """The least and the largest multiple of the baseline's time at any separation."""
    where = {"estimator": places[0].estimator, "pooled": False}
    times = [place.time for place in places if not place.pooled and math.isfinite(place.time)]
    low, high = (
        linked(significant(take(times)), _TABLE, "time", where=where, take=take.__name__)
        for take in (min, max)
    )
    return low, high


def factors_sentences(results: StudyResults, found: Sequence[Overlap]) -> str:
    """Of which factors SVI's time to the target consists."""
    names = [name for name in results.others if results.registered(name) == "svi"]
    return " ".join(filter(None, (_sentence(results, found, name) for name in names)))


def _sentence(results: StudyResults, found: Sequence[Overlap], name: str) -> str:
    *places, whole = factors_of(results, found, name)
    places = [place for place in places if place.pairs]
    if not places:
        return ""
    near, far = places[0], places[-1]
    text = (
        f"Why {results.label(name)} takes another time than {results.label(results.baseline)}: for "
        f"one iteration of EM on the way to the target it needs {far.said('steps')} steps at a "
        f"separation of {far.said('separation')} and {near.said('steps')} at "
        f"{near.said('separation')}, and one step takes {whole.said('price')} times an iteration's "
        "time (median over all runs), for the gradient and the optimiser's bookkeeping."
    )
    return text + _CROSSED_FASTER if near.steps < far.steps else text


_CROSSED_FASTER = (
    " Where the components are apart, an M-step goes almost straight to the maximum and a gradient "
    "step only so far as its length allows; where they overlap, EM creeps along the flat "
    "directions, which steps of adapted length cross faster."
)


def _medians(
    name: str, dataset: str, separation: float, frame: pd.DataFrame, times: np.ndarray
) -> Factors:
    return Factors(
        estimator=name,
        dataset=dataset,
        separation=separation,
        pooled=dataset == _ALL,
        time=float(np.median(times)) if len(times) else math.nan,
        steps=float(frame["steps"].median()),
        price=float(frame["price"].median()),
        pairs=len(frame),
    )


def _factors(overlap: Overlap, name: str, own: str) -> pd.DataFrame:
    """Steps for one of EM's iterations and the price of a step, on seeds where both arrived."""
    one, other = (overlap.of(n).set_index("seed") for n in (name, own))
    both = one["reached"] & other["reached"] & (one["steps"] > 0) & (other["steps"] > 0)
    one, other = one[both], other[both]
    steps = one["steps"] / other["steps"]
    return pd.DataFrame({"steps": steps, "price": one["seconds"] / other["seconds"] / steps})
