"""The sections that every kind of study has: scores, target, failures."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from studies.metrics import METRICS
from studies.report.comparison import (
    median_with_misses,
    scored_estimators,
    shortfalls,
    target_metric,
    times_to_target,
)
from studies.report.endings import ENDINGS, endings_table
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.numbers import linked
from studies.report.paired_data import paired_values
from studies.report.progress_figures import CLOCKS, draw_floored_ways
from studies.report.scales import Clock
from studies.report.tables import Measured, main_table
from studies.report.words import counted, escaped, fixed, listed, nats, plain, seconds

BAND = (
    "Line: median over seeds; band: smallest to largest; dots: where the runs ended, after which "
    "they keep their last value."
)
"""How a curve over seeds is read."""

_METRIC_WORDS = {
    "log_likelihood": "training log-likelihood",
    "elbo": "held-out ELBO",
}


def scores_section(results: StudyResults) -> Section:
    """The main table; of VAEs its frame has the ratios of fitting times to the baseline's too.

    Mixtures have them in the section of pairs.
    """
    table = main_table(results)
    if results.kind == "vae":
        table = replace(table, frame=table.frame.join(_time_ratios(results, table.frame)))
    return Section("scores", "Scores", (table,))


def _time_ratios(results: StudyResults, places: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean and median over pairs, a row a place; NaN where there is none."""
    quantity = Measured(METRICS["fit_seconds"], "")
    rows = []
    for dataset, name in zip(places["dataset"], places["estimator"], strict=True):
        pairs = paired_values(results, quantity, str(name), results.baseline)
        logs = pd.Series([v for (d, _), v in pairs.items() if d == dataset], dtype=float).dropna()
        rows.append((float(np.exp(logs.mean())), logs.map(math.exp).median()))
    return pd.DataFrame(rows, columns=["time_ratio_mean", "time_ratio_median"])


def failures_section(results: StudyResults) -> Section:
    """Every run that did not end well, or that there is none."""
    failures = results.failures
    if failures.empty:
        text = f"All {_in_endings(len(results.cells), 'planned', 'run')} ended well."
        return Section("failures", "Failures", (Text(text), endings_table(results)))
    columns = ["dataset", "estimator", "seed", "status", "message"]
    rows = tuple(
        (
            Entry(escaped(dataset)),
            Entry(results.label(estimator)),
            Entry(str(seed)),
            Entry(status),
            Entry(escaped(_shortened(message)) or "not run yet"),
        )
        for dataset, estimator, seed, status, message in failures[columns].to_numpy()
    )
    table = Table(
        name="failures",
        caption="Runs without figures, each with what it said last.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("seed"),
            Column("status", align="left"),
            Column("message", align="left"),
        ),
        rows=rows,
        frame=failures[columns],
    )
    lost, planned = len(failures), len(results.cells)
    lead = Text(
        f"{_in_endings(lost, 'not_well')} of {_in_endings(planned, 'planned', 'run')} did not end "
        "well."
    )
    return Section("failures", "Failures", (lead, table, endings_table(results)))


def _in_endings(n: int, column: str, noun: str = "") -> str:
    return linked(counted(n, noun) if noun else f"{n:,}", ENDINGS, column, take="sum")


def target_section(results: StudyResults) -> Section:
    """When each estimator came within the target's distance of the best."""
    title = "Time to a common target"
    names = scored_estimators(results)
    ways = {
        dataset: shortfalls(results, dataset).assign(value=lambda way: way["below_best"])
        for dataset in results.datasets
    }
    ways = {dataset: way for dataset, way in ways.items() if not way.empty}
    lead = Text(
        f"The target is common: within {nats(results.target)} of the best "
        f"{_METRIC_WORDS[target_metric(results)[0]]} that any estimator reached on the same data "
        "set and seed. A run that never came so near is a miss; misses stay in the count, and in "
        f"the median they are later than any time.{_kinds(results)}"
    )
    if not ways:
        note = Text("No run that ended well recorded its progress, so there is nothing to time.")
        return Section("target", title, (lead, note))
    times = times_to_target(results)
    blocks: list[Block] = [lead, _target_table(results, times, names)]
    blocks += progress_figures(
        results,
        ways,
        name="below-best",
        y_label="below the best\n(nats per datum)",
        subject=f"distance below the best {_METRIC_WORDS[target_metric(results)[0]]}",
        caption="How far below the best each estimator was on the way, on a logarithmic axis. "
        f"{BAND} Dotted: the target. *best* is the best value itself, to rounding.",
        floor_label="best",
        target=results.target,
    )
    return Section("target", title, tuple(blocks))


def progress_figures(
    results: StudyResults,
    ways: dict[str, pd.DataFrame],
    *,
    name: str,
    y_label: str,
    subject: str,
    caption: str,
    floor_label: str,
    target: float | None = None,
) -> list[Figure]:
    """The ways on a logarithmic axis: one figure, or for many data sets one for each clock."""
    return [
        Figure(
            name=name + suffix,
            alt=f"{subject[:1].upper()}{subject[1:]} against {against}, "
            f"for {alternatives(results, list(ways), present(ways))}.",
            caption=caption,
            draw=partial(
                draw_floored_ways,
                results,
                ways,
                clocks,
                y_label,
                floor_label=floor_label,
                target=target,
            ),
        )
        for suffix, clocks, against in clock_choices(results, len(ways))
    ]


def clock_choices(
    results: StudyResults, n_datasets: int
) -> list[tuple[str, tuple[Clock, ...], str]]:
    """Name's suffix, clocks and their words: one data set has both clocks in one figure."""
    steps = "iterations or steps" if results.kind == "mixture" else "epochs"
    if n_datasets == 1:
        return [("", CLOCKS, f"{steps} and against seconds of fitting")]
    return [("-steps", ("step",), steps), ("-seconds", ("seconds",), "seconds of fitting")]


def alternatives(
    results: StudyResults, datasets: list[str], estimators: Collection[str] | None = None
) -> str:
    """Who and what a figure shows, for its alternative text."""
    shown = results.estimators if estimators is None else estimators
    names = listed([results.plain_label(n) for n in results.estimators if n in shown])
    return f"{names} on {listed(datasets)}"


def present(ways: Mapping[str, pd.DataFrame]) -> set[str]:
    """The estimators that the ways are of."""
    return {str(name) for way in ways.values() for name in way["estimator"]}


def kinds_note(results: StudyResults) -> str:
    """That estimators' likelihoods are of different kinds on some data sets; empty if not so."""
    if not results.mixed_datasets:
        return ""
    names = listed([escaped(name) for name in results.mixed_datasets])
    return (
        f" **On {names} the estimators have likelihoods of different kinds, which are not on one "
        "scale.**"
    )


def _kinds(results: StudyResults) -> str:
    note = kinds_note(results)
    return f"{note} The best is that of each kind." if note else ""


def _target_table(results: StudyResults, times: pd.DataFrame, names: list[str]) -> Table:
    rows, records = [], []
    for dataset in results.datasets:
        for name in names:
            runs = times[(times["dataset"] == dataset) & (times["estimator"] == name)]
            reached = int(runs["reached"].sum())
            steps, time = median_with_misses(runs["steps"]), median_with_misses(runs["seconds"])
            hit = runs.loc[runs["reached"], "seconds"]
            span = f"{seconds(hit.min())} to {seconds(hit.max())}" if len(hit) > 1 else ""
            rows.append(
                (
                    Entry(escaped(dataset)),
                    Entry(results.label(name)),
                    Entry(f"{reached}/{len(runs)}"),
                    Entry("missed" if pd.isna(steps) else fixed(steps, 0)),
                    Entry("missed" if pd.isna(time) else seconds(time), span),
                )
            )
            well = set(results.values("fit_seconds", "", dataset, name).index)
            lost = int((~runs["reached"].astype(bool) & ~runs["seed"].isin(well)).sum())
            counts = (reached, len(runs), len(runs) - reached, lost)
            records.append((dataset, name, *counts, steps, time))
    return Table(
        name="target",
        caption="Runs that reached the target, and the median over all planned runs of when they "
        "first did; *missed* where at least half never did. Below: the earliest and the latest of "
        "those that did.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("reached"),
            Column("steps to target" if results.kind == "mixture" else "epochs to target"),
            Column("time to target"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(
            records,
            columns=[
                "dataset",
                "estimator",
                "reached",
                "planned",
                "missed",
                "missed_not_well",
                "steps_median",
                "seconds_median",
            ],
        ),
    )


def _shortened(message: str, limit: int = 200) -> str:
    text = plain(" ".join(message.split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"
