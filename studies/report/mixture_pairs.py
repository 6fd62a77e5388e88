"""Mixtures compared pair by pair: each estimator against the baseline on every seed."""

from functools import partial

import pandas as pd

from studies.report.common_sections import alternatives
from studies.report.comparison import (
    CONFIDENCE,
    ENOUGH_SEEDS,
    Differences,
    compare,
    seed_differences,
    time_ratios,
)
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Figure, Section, Table, Text
from studies.report.progress_figures import draw_differences
from studies.report.words import MISSING, escaped, nats, signed, significant

VERDICTS = {
    "none": "no pairs",
    "within": "the same",
    "higher": "higher",
    "lower": "lower",
    "undecided": "undecided",
}
"""A comparison's outcome in a table."""


def pairs_section(results: StudyResults) -> Section:
    """Each estimator against the baseline, seed by seed: likelihood and time."""
    title = f"Pair by pair against {results.label(results.baseline)}"
    differences = _all_differences(results)
    if differences.empty:
        return Section("pairs", title, (Text(_no_pairs(results)),))
    margin = results.target
    figure = Figure(
        name="pairs",
        alt="Differences in log-likelihood from "
        f"{results.plain_label(results.baseline)}, one point a seed, "
        f"for {alternatives(results, results.datasets, results.others)}.",
        caption="One point a seed: the estimator's log-likelihood less the baseline's, same split, "
        f"same start. Shaded: within {nats(margin)}, which counts as the same; there the axis is "
        "linear, beyond it logarithmic.",
        draw=partial(draw_differences, results, differences, margin),
    )
    return Section("pairs", title, (Text(_how_compared(results)), _pairs_table(results), figure))


def _all_differences(results: StudyResults) -> pd.DataFrame:
    rows = [
        (dataset, estimator, split, difference)
        for dataset in results.datasets
        for estimator in results.others
        for split in ("train", "test")
        for difference in seed_differences(results, "log_likelihood", split, dataset, estimator)
    ]
    return pd.DataFrame(rows, columns=["dataset", "estimator", "split", "difference"])


def _pairs_table(results: StudyResults) -> Table:
    rows, records = [], []
    for dataset in results.datasets:
        for name in results.others:
            found = {
                split: compare(
                    seed_differences(results, "log_likelihood", split, dataset, name),
                    results.target,
                )
                for split in ("train", "test")
            }
            ratios = pd.Series(time_ratios(results, dataset, name))
            ratio = significant(float(ratios.median())) if len(ratios) else MISSING
            span = f"{significant(ratios.min())} to {significant(ratios.max())}"
            n = max(d.n for d in found.values())
            rows.append(
                (
                    Entry(escaped(dataset)),
                    Entry(results.label(name)),
                    Entry(f"{n}/{results.planned(dataset, name)}"),
                    *(entry for d in found.values() for entry in _difference_entries(d)),
                    Entry(ratio, span if len(ratios) > 1 else ""),
                )
            )
            records.append(_difference_record(dataset, name, found, ratios))
    nats = "nats per datum"
    return Table(
        name="pairs",
        caption=_pairs_caption(results),
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("pairs"),
            Column("difference, training", nats),
            Column("so on training data it is", align="left"),
            Column("difference, held out", nats),
            Column("so on held-out data it is", align="left"),
            Column("time, as a multiple"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _difference_entries(found: Differences) -> tuple[Entry, Entry]:
    if found.n == 0:
        return Entry(MISSING), Entry(VERDICTS["none"])
    span = f"{signed(found.low)} to {signed(found.high)}" if found.n > 1 else ""
    if found.interval is not None:
        span = f"{signed(found.interval[0])} to {signed(found.interval[1])}"
    return Entry(signed(found.mean), span), Entry(VERDICTS[found.verdict])


def _difference_record(
    dataset: str, name: str, found: dict[str, Differences], ratios: pd.Series
) -> dict[str, object]:
    record: dict[str, object] = {"dataset": dataset, "estimator": name}
    for split, d in found.items():
        low, high = d.interval or (float("nan"),) * 2
        record |= {
            f"{split}_pairs": d.n,
            f"{split}_mean": d.mean,
            f"{split}_min": d.low,
            f"{split}_max": d.high,
            f"{split}_interval_low": low,
            f"{split}_interval_high": high,
            f"{split}_verdict": d.verdict,
        }
    record["time_ratio_median"] = float(ratios.median()) if len(ratios) else float("nan")
    return record


def _how_compared(results: StudyResults) -> str:
    margin = nats(results.target)
    text = (
        "Estimators share the split and the start of each seed, so they are compared seed by seed. "
        f"Where every pair differs by at most {margin} (the study's target) they "
        "count as *the same*; *higher* and *lower* are said where all pairs say so"
    )
    if results.n_seeds < ENOUGH_SEEDS:
        return (
            f"{text}. With fewer than {ENOUGH_SEEDS} seeds that is what was observed, not a test "
            "of significance."
        )
    return (
        f"{text}, or where the {CONFIDENCE:.0%} interval of the mean (Student's t over seeds) "
        "leaves out 0. The seeds' splits overlap, so the interval is a guide rather than exact."
    )


def _pairs_caption(results: StudyResults) -> str:
    second = (
        "the smallest and the largest"
        if results.n_seeds < ENOUGH_SEEDS
        else f"its {CONFIDENCE:.0%} interval over seeds, or the smallest and the largest where "
        f"there are fewer than {ENOUGH_SEEDS} pairs"
    )
    return (
        "Mean difference of the log-likelihood from the baseline's, positive where the estimator "
        f"is better; below it {second}. The time is the median ratio of fitting times, below it "
        "the smallest and the largest ratio."
    )


def _no_pairs(results: StudyResults) -> str:
    if not results.others:
        return "The study has one estimator only, so there is nothing to compare it with."
    return (
        "No seed has runs of the baseline and of another estimator that both ended well, so there "
        "is nothing to compare."
    )
