"""Mixtures compared pair by pair: each estimator against the baseline on every seed."""

from functools import partial

import numpy as np
import pandas as pd

from studies.report.common_sections import alternatives
from studies.report.comparison import (
    seed_differences,
    time_ratios,
)
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Figure, Section, Table, Text
from studies.report.progress_figures import draw_differences
from studies.report.words import MISSING, escaped, nats, signed, significant

_HOW = (
    "Estimators share each seed's split and start, so they are compared seed by seed: this "
    "is what was observed on each data set. What follows from all of them together, and how "
    "surely, is in *Verdicts*."
)


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
    return Section("pairs", title, (Text(_HOW), _pairs_table(results), figure))


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
                split: seed_differences(results, "log_likelihood", split, dataset, name)
                for split in ("train", "test")
            }
            ratios = pd.Series(time_ratios(results, dataset, name))
            n = max(len(values) for values in found.values())
            ratio = significant(float(ratios.median())) if len(ratios) else MISSING
            span = f"{significant(ratios.min())} to {significant(ratios.max())}"
            rows.append(
                (
                    Entry(escaped(dataset)),
                    Entry(results.label(name)),
                    Entry(f"{n}/{results.planned(dataset, name)}"),
                    *(e for v in found.values() for e in _entries(v, results.target)),
                    Entry(ratio, span if len(ratios) > 1 else ""),
                )
            )
            records.append(_record(dataset, name, found, ratios, results.target))
    counts = "below / within / above"
    return Table(
        name="pairs",
        caption="Mean difference of the log-likelihood from the baseline's, positive where the "
        "estimator is better; below it the smallest and the largest. Then how many pairs lie below "
        f"the baseline by more than {nats(results.target)}, within that, and above by more. The "
        "time is the median ratio of fitting times, below it the smallest and the largest ratio. "
        "*Pairs*: seeds on which both runs ended well, of those planned.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("pairs"),
            Column("difference, training", "nats per datum"),
            Column(f"training: {counts}"),
            Column("difference, held out", "nats per datum"),
            Column(f"held out: {counts}"),
            Column("time, as a multiple"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _counts(values: np.ndarray, margin: float) -> tuple[int, int, int]:
    """How many differences are below, within and above the margin."""
    below, above = int((values < -margin).sum()), int((values > margin).sum())
    return below, len(values) - below - above, above


def _entries(values: np.ndarray, margin: float) -> tuple[Entry, Entry]:
    if len(values) == 0:
        return Entry(MISSING), Entry(MISSING)
    span = f"{signed(values.min())} to {signed(values.max())}" if len(values) > 1 else ""
    counts = " / ".join(str(n) for n in _counts(values, margin))
    return Entry(signed(float(values.mean())), span), Entry(counts)


def _record(
    dataset: str, name: str, found: dict[str, np.ndarray], ratios: pd.Series, margin: float
) -> dict[str, object]:
    record: dict[str, object] = {"dataset": dataset, "estimator": name}
    for split, values in found.items():
        below, within, above = _counts(values, margin)
        series = pd.Series(values, dtype=float)
        record |= {
            f"{split}_pairs": len(values),
            f"{split}_mean": float(series.mean()),
            f"{split}_min": float(series.min()),
            f"{split}_max": float(series.max()),
            f"{split}_below": below,
            f"{split}_within": within,
            f"{split}_above": above,
        }
    record["time_ratio_median"] = float(ratios.median()) if len(ratios) else float("nan")
    # Geometric, as in Verdicts.
    record["time_ratio_mean"] = float(np.exp(np.log(ratios).mean())) if len(ratios) else np.nan
    return record


def _no_pairs(results: StudyResults) -> str:
    if not results.others:
        return "The study has one estimator only, so there is nothing to compare it with."
    return (
        "No seed has runs of the baseline and of another estimator that both ended well, so there "
        "is nothing to compare."
    )
