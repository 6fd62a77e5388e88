"""The section of a study of overlapping components, and its answer."""

import math
from functools import partial

import numpy as np
import pandas as pd

from studies.metrics import METRICS
from studies.report.answer_parts import ending_sentence
from studies.report.floor_words import floor_blocks
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Block, Column, Entry, Figure, Section, Table, Text
from studies.report.numbers import linked
from studies.report.overlap_agreement import agreement_sentence, agreement_table
from studies.report.overlap_data import Overlap, overlaps
from studies.report.overlap_factors import (
    factors_of,
    factors_sentences,
    factors_table,
    time_range,
)
from studies.report.overlap_figures import draw_arrivals, draw_rates
from studies.report.tables import RUNS_OK, Measured, ok_entry
from studies.report.words import MISSING, fixed, listed, nats, significant

_NAME = "overlap"
"""Of the section and of its main table."""

_TITLE = "Overlap and the rate of EM"
_THEORY = (
    "Near a fixed point $\\theta^*$ an EM step multiplies the error by its Jacobian $J = I - "
    "I_\\text{complete}^{-1} I_\\text{observed}$, the fraction of the information that is missing "
    "because the assignments are not observed (Dempster, Laird and Rubin, 1977). Its largest "
    "eigenvalue $\\rho$ is the rate: the log-likelihood's shortfall shrinks by $\\rho^2$ an "
    "iteration, so that from a shortfall $g$ to the target $\\epsilon$ takes about $\\log(g / "
    "\\epsilon) / (-2 \\log \\rho)$ iterations. The more the components overlap, the less a row "
    "says about its component, and the nearer $\\rho$ comes to 1. In theory $\\rho$ is computed at "
    "the fitted optimum by automatic differentiation of one EM step that shares no code with the "
    "estimators; as observed it is the square root of the factor by which the bound's gains shrink "
    "over their last decade above rounding. The count that theory gives supposes that all of the "
    "shortfall lies in the slowest direction, and so is an upper one from a good start: what lies "
    "in faster directions is gone sooner."
)


def overlap_section(results: StudyResults) -> Section:
    """Iterations, seconds and rates against the separation."""
    found = [overlap for overlap in overlaps(results) if len(overlap.rates)]
    if not found:
        return Section(_NAME, _TITLE, (Text(_THEORY), Text("No run measured a rate.")))
    who = listed([results.plain_label(name) for name in results.estimators])
    blocks: list[Block] = [
        Text(_THEORY),
        *floor_blocks(results, (Measured(METRICS["fit_seconds"], ""),), _NAME),
        Figure(
            name="overlap-arrivals",
            alt=f"Steps and seconds to the target against the separation of the components, for "
            f"{who}, with the iterations that theory gives EM.",
            caption=f"Steps and seconds until within {nats(results.target)} of the best, on "
            "logarithmic axes. Lines: medians over seeds, a miss counting as later than any time; "
            "points: single runs that reached it. Dotted: EM's iterations in theory. Reached at "
            "the start counts as one step.",
            draw=partial(draw_arrivals, results, found),
        ),
        Figure(
            name="overlap-rates",
            alt="One minus EM's rate against the separation, and as observed against theory.",
            caption="EM's rate $\\rho$ as its distance from 1, on logarithmic axes: the lower, the "
            "slower. A mark a seed; dotted: the median of theory. Right: on the line the two "
            "agree. Fits that were over within a few iterations show no rate.",
            draw=partial(draw_rates, results, found),
        ),
        _table(results, found),
        agreement_table(found),
        Text(factors_sentences(results, found)),
        factors_table(results, found),
    ]
    return Section(_NAME, _TITLE, tuple(blocks))


def overlap_answer(results: StudyResults) -> Answer:
    """What overlap costs, in words."""
    found = [overlap for overlap in overlaps(results) if len(overlap.rates)]
    if not found:
        return Answer("No run measured a rate, so there is no answer.", (ending_sentence(results),))
    near, far = found[0], found[-1]
    own = results.baseline
    headline = (
        f"From a separation of {_separation(far)} standard deviations down to {_separation(near)}, "
        f"the iterations that {results.label(own)} needs to come within {nats(results.target)} of "
        f"the best go from {_steps(far, own)} to {_steps(near, own)}, as its rate goes from "
        f"{_rate(far)} to {_rate(near)}."
    )
    details = [agreement_sentence(found)]
    details += [_ratio_sentence(results, found, name) for name in results.others]
    details.append(ending_sentence(results))
    return Answer(headline, tuple(d for d in details if d))


def _ratio_sentence(results: StudyResults, found: list[Overlap], name: str) -> str:
    """Time to the target as a multiple of the baseline's, separation by separation."""
    counts = [overlap.reached(name) for overlap in found]
    reached, planned = (sum(values) for values in zip(*counts, strict=True))
    miss = "" if reached == planned else f"; it reached it in {_runs(name, reached, planned)} runs"
    factors = factors_of(results, found, name)
    if not any(math.isfinite(place.time) for place in factors):
        return f"{results.label(name)} has no run to compare{miss}."
    low, high = time_range(factors)
    return (
        f"To the target {results.label(name)} takes {low} to {high} times as long as "
        f"{results.label(results.baseline)}, by separation (medians over the seeds where both "
        f"reached it{miss})."
    )


def _runs(name: str, reached: int, planned: int) -> str:
    first, second = (
        linked(f"{value:,}", _NAME, f"{name}_{what}", take="sum")
        for value, what in ((reached, "reached"), (planned, "planned"))
    )
    return f"{first} of {second}"


def _said(text: str, overlap: Overlap, column: str) -> str:
    """`text`, a figure of a separation, with its place in the table."""
    return linked(text, _NAME, column, where={"dataset": overlap.dataset})


def _separation(overlap: Overlap) -> str:
    return _said(significant(overlap.separation), overlap, "separation")


def _steps(overlap: Overlap, name: str) -> str:
    return _said(_count(overlap.steps(name)), overlap, f"{name}_steps")


def _rate(overlap: Overlap) -> str:
    return _said(fixed(float(overlap.rates["theory"].median()), 3), overlap, "theory")


def _table(results: StudyResults, found: list[Overlap]) -> Table:
    rows, records = [], []
    for overlap in found:
        theory, observed = overlap.rates["theory"], overlap.rates["observed"]
        predicted = float(overlap.predicted.median()) if len(overlap.predicted) else math.nan
        arrivals = [_arrival(overlap, name) for name in results.estimators]
        rows.append(
            (
                Entry(significant(overlap.separation)),
                ok_entry(results, [overlap.dataset]),
                Entry(fixed(theory.median(), 4), f"{fixed(theory.min(), 4)} to {_top(theory)}"),
                Entry(fixed(observed.median(), 4) if observed.notna().any() else MISSING),
                Entry(_count(np.ceil(predicted))),
                *arrivals,
            )
        )
        record = {"dataset": overlap.dataset, "separation": overlap.separation}
        record |= {"theory": theory.median(), "observed": observed.median()}
        record["predicted"] = predicted
        for name in results.estimators:
            record |= _arrival_record(overlap, name)
        records.append(record)
    return Table(
        _NAME,
        "Medians over seeds: EM's rate in theory (below: its range) and as observed, the "
        "iterations to the target in theory, and the steps that each estimator took (below: "
        "seconds, and how many runs reached it).",
        (
            Column("separation"),
            RUNS_OK,
            Column("ρ in theory"),
            Column("ρ as observed"),
            Column("iterations in theory"),
            *(Column(f"{results.label(n)}, steps") for n in results.estimators),
        ),
        tuple(rows),
        pd.DataFrame(records),
    )


def _arrival(overlap: Overlap, name: str) -> Entry:
    reached, planned = overlap.reached(name)
    steps, time = overlap.steps(name), overlap.seconds(name)
    note = "" if math.isnan(time) else f"{significant(time)} s, "
    return Entry("missed" if math.isnan(steps) else _count(steps), f"{note}{reached}/{planned}")


def _arrival_record(overlap: Overlap, name: str) -> dict[str, float]:
    reached, planned = overlap.reached(name)
    return {
        f"{name}_steps": overlap.steps(name),
        f"{name}_seconds": overlap.seconds(name),
        f"{name}_reached": reached,
        f"{name}_planned": planned,
    }


def _top(values: pd.Series) -> str:
    return fixed(float(values.max()), 4)


def _count(value: float) -> str:
    """A median of counts, which may be half a one more."""
    return fixed(value, 0 if value >= 10 or value == round(value, 0) else 1)
