"""The section of a study of overlapping components, and its answer."""

import math
from functools import partial

import numpy as np
import pandas as pd

from studies.metrics import METRICS
from studies.report.answer_parts import ending_sentence
from studies.report.floor_words import floor_text
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Block, Column, Entry, Figure, Section, Table, Text
from studies.report.overlap_data import Overlap, overlaps, slowdowns
from studies.report.overlap_figures import draw_arrivals, draw_rates
from studies.report.tables import RUNS_OK, Measured, ok_entry
from studies.report.words import MISSING, fixed, listed, nats, significant

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
        return Section("overlap", _TITLE, (Text(_THEORY), Text("No run measured a rate.")))
    who = listed([results.plain_label(name) for name in results.estimators])
    blocks: list[Block] = [
        Text(_THEORY),
        Text(floor_text(results, (Measured(METRICS["fit_seconds"], ""),))),
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
        Text(_why_sentence(results, found)),
    ]
    return Section("overlap", _TITLE, tuple(blocks))


def overlap_answer(results: StudyResults) -> Answer:
    """What overlap costs, in words."""
    found = [overlap for overlap in overlaps(results) if len(overlap.rates)]
    if not found:
        return Answer("No run measured a rate, so there is no answer.", (ending_sentence(results),))
    near, far = found[0], found[-1]
    own = results.baseline
    headline = (
        f"From a separation of {significant(far.separation)} standard deviations down to "
        f"{significant(near.separation)}, the iterations that {results.label(own)} needs to come "
        f"within {nats(results.target)} of the best go from {_count(far.steps(own))} to "
        f"{_count(near.steps(own))}, as its rate goes from {_rate(far)} to {_rate(near)}."
    )
    details = [_agreement_sentence(found)]
    details += [_ratio_sentence(results, found, name) for name in results.others]
    details.append(ending_sentence(results))
    return Answer(headline, tuple(d for d in details if d))


def _agreement_sentence(found: list[Overlap]) -> str:
    rates = pd.concat([overlap.rates for overlap in found]).dropna()
    if rates.empty:
        return ""
    differences = (rates["observed"] - rates["theory"]).abs()
    middle, most = float(differences.median()), float(differences.max())
    return (
        f"The rate as observed differs from theory by {significant(middle, 2)} in the median of "
        f"{len(rates):,} fits and by {significant(most, 2)} at the most."
    )


def _ratio_sentence(results: StudyResults, found: list[Overlap], name: str) -> str:
    """Time to the target as a multiple of the baseline's, separation by separation."""
    by_place = [(o, slowdowns(o, name, results.baseline)) for o in found]
    medians = [(o.separation, float(np.median(r))) for o, r in by_place if len(r)]
    reached = sum(o.reached(name)[0] for o in found)
    planned = sum(o.reached(name)[1] for o in found)
    miss = "" if reached == planned else f"; it reached it in {reached} of {planned} runs"
    if not medians:
        return f"{results.label(name)} has no run to compare{miss}."
    values = [value for _, value in medians]
    return (
        f"To the target {results.label(name)} takes {significant(min(values))} to "
        f"{significant(max(values))} times as long as {results.label(results.baseline)}, by "
        f"separation (medians over the seeds where both reached it{miss})."
    )


def _why_sentence(results: StudyResults, found: list[Overlap]) -> str:
    """Of which factors SVI's time to the target consists, from the rows."""
    names = [name for name in results.others if results.registered(name) == "svi"]
    return " ".join(filter(None, (_factors_sentence(results, found, name) for name in names)))


def _factors_sentence(results: StudyResults, found: list[Overlap], name: str) -> str:
    own = results.baseline
    pairs = [(o.separation, _factors(o, name, own)) for o in found]
    medians = [(at, *frame.median()) for at, frame in pairs if len(frame)]
    if not medians:
        return ""
    (near, near_steps, _), (far, far_steps, _) = medians[0], medians[-1]
    price = float(pd.concat([frame for _, frame in pairs])["price"].median())
    text = (
        f"Why {results.label(name)} takes another time than {results.label(own)}: for one "
        f"iteration of EM on the way to the target it needs {significant(far_steps)} steps at a "
        f"separation of {significant(far)} and {significant(near_steps)} at {significant(near)}, "
        f"and one step takes {significant(price)} times an iteration's time (median over all "
        "runs), for the gradient and the optimiser's bookkeeping."
    )
    if near_steps < far_steps:
        text += (
            " Where the components are apart, an M-step goes almost straight to the maximum and a "
            "gradient step only so far as its length allows; where they overlap, EM creeps along "
            "the flat directions, which steps of adapted length cross faster."
        )
    return text


def _factors(overlap: Overlap, name: str, own: str) -> pd.DataFrame:
    """Steps for one of EM's iterations and the price of a step, on seeds where both arrived."""
    one, other = (overlap.of(n).set_index("seed") for n in (name, own))
    both = one["reached"] & other["reached"] & (one["steps"] > 0) & (other["steps"] > 0)
    one, other = one[both], other[both]
    steps = one["steps"] / other["steps"]
    return pd.DataFrame({"steps": steps, "price": one["seconds"] / other["seconds"] / steps})


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
        counts = [v for n in results.estimators for v in (overlap.steps(n), overlap.seconds(n))]
        records.append((overlap.separation, theory.median(), observed.median(), predicted, *counts))
    names = [f"{n}_{what}" for n in results.estimators for what in ("steps", "seconds")]
    return Table(
        "overlap",
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
        pd.DataFrame(records, columns=["separation", "theory", "observed", "predicted", *names]),
    )


def _arrival(overlap: Overlap, name: str) -> Entry:
    reached, planned = overlap.reached(name)
    steps, time = overlap.steps(name), overlap.seconds(name)
    note = "" if math.isnan(time) else f"{significant(time)} s, "
    return Entry("missed" if math.isnan(steps) else _count(steps), f"{note}{reached}/{planned}")


def _rate(overlap: Overlap) -> str:
    return fixed(float(overlap.rates["theory"].median()), 3)


def _top(values: pd.Series) -> str:
    return fixed(float(values.max()), 4)


def _count(value: float) -> str:
    return MISSING if math.isnan(value) else fixed(value, 0)
