"""The noise floor in words and in a table, wherever times are compared."""

from collections.abc import Mapping, Sequence

import pandas as pd

from studies.report.floor_data import SelfTimed, self_timings
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Table, Text
from studies.report.numbers import linked
from studies.report.tables import Measured
from studies.report.words import escaped, listed, significant
from studies.statistics import CONFIDENCE

_Timings = Mapping[Measured, tuple[SelfTimed, ...]]


def floor_blocks(
    results: StudyResults, quantities: Sequence[Measured], section: str
) -> tuple[Block, ...]:
    """What estimators' times differ by from their own: a paragraph, and its figures in a table.

    It says so where that was not measured, and where an estimator's second times are not those of
    its first. The table's name begins with the section's.
    """
    found = {q: self_timings(results, q) for q in quantities}
    found = {q: timings for q, timings in found.items() if timings}
    if not found:
        return (Text(_unmeasured(results)),)
    name = f"{section}-noise-floor"
    return Text(_measured(results, found, name)), _table(results, found, name)


def _measured(results: StudyResults, found: _Timings, table: str) -> str:
    parts = [_phrase(results, q, timings, table) for q, timings in found.items()]
    drifted = [t for timings in found.values() for t in timings if t.drifted]
    return (
        "**Noise floor.** For its times alone each of these was run again beside the others, with "
        "the same settings, data and seed: "
        f"{'; '.join(parts)}. The floor is what the geometric mean of an estimator's second times "
        f"over its first differs by from 1 in {CONFIDENCE:.0%} of such studies by chance; a ratio "
        f"of two estimators' times within it is a tie.{_drift(results, drifted)}"
    )


def _phrase(
    results: StudyResults, quantity: Measured, timings: tuple[SelfTimed, ...], table: str
) -> str:
    floors = [_floor(results, quantity, t, table) for t in timings]
    return f"{escaped(_label(results, quantity))}: {listed(floors)}"


def _label(results: StudyResults, quantity: Measured) -> str:
    """The quantity's name; a VAE's step is an epoch."""
    label = quantity.metric.label
    return label.replace("per step", "per epoch") if results.kind == "vae" else label


def _floor(results: StudyResults, quantity: Measured, timed: SelfTimed, table: str) -> str:
    where = {"estimator": timed.estimator, "metric": quantity.metric.name}
    size, n, planned, ratio = (
        linked(text, table, column, where=where)
        for text, column in (
            (f"{significant(100 * timed.floor.ratio, 2)}%", "noise_floor_percent"),
            (str(timed.floor.n), "pairs"),
            (str(timed.planned), "planned"),
            (significant(timed.ratio), "second_over_first"),
        )
    )
    return (
        f"{results.label(timed.estimator)} {size} over {n} of {planned} pairs (its second times "
        f"were {ratio} times its first)"
    )


def _table(results: StudyResults, found: _Timings, name: str) -> Table:
    rows = [(quantity, timed) for quantity, timings in found.items() for timed in timings]
    return Table(
        name,
        "Estimators timed against themselves: second times over first, a geometric mean over "
        "pairs, and what it differs by from 1 by chance.",
        (
            Column("estimator", align="left"),
            Column("quantity", align="left"),
            Column("pairs"),
            Column("second over first"),
            Column("noise floor", "%"),
        ),
        tuple(
            (
                Entry(results.label(timed.estimator)),
                Entry(escaped(_label(results, quantity))),
                Entry(f"{timed.floor.n}/{timed.planned}"),
                Entry(significant(timed.ratio)),
                Entry(significant(100 * timed.floor.ratio, 2)),
            )
            for quantity, timed in rows
        ),
        pd.DataFrame([_record(quantity, timed) for quantity, timed in rows]),
    )


def _record(quantity: Measured, timed: SelfTimed) -> dict[str, object]:
    return {
        "estimator": timed.estimator,
        "metric": quantity.metric.name,
        "pairs": timed.floor.n,
        "planned": timed.planned,
        "second_over_first": timed.ratio,
        "noise_floor_percent": 100 * timed.floor.ratio,
    }


def _drift(results: StudyResults, drifted: list[SelfTimed]) -> str:
    if not drifted:
        return ""
    names = listed(list(dict.fromkeys(results.label(t.estimator) for t in drifted)))
    return (
        f" **{names} differed from itself by more than that: the machine did not stay as it was, "
        "so take every verdict on time with care.**"
    )


def _unmeasured(results: StudyResults) -> str:
    if results.repeats:
        return "**Noise floor.** Not measured: no repeated run ended well."
    return (
        "**Noise floor.** Not measured: no estimator was timed a second time (a study file asks "
        "for it by `comparison.repeats`), so a verdict on time allows for what varies from pair to "
        "pair but not for what two processes of one estimator differ by."
    )
