"""The section in which VAEs are compared image by image."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from studies.report.common_sections import alternatives
from studies.report.comparison import datum_scores, time_ratios
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.numbers import linked
from studies.report.vae_pair_figure import draw_paired
from studies.report.vae_scales import ScaleGroup, places_of, scale_groups
from studies.report.words import escaped, fixed, listed, signed, significant
from studies.statistics import CONFIDENCE

QUANTITIES = {"log_likelihood": "log p(x)", "elbo": "ELBO"}
"""What is compared image by image, and what it is called."""

_COLUMNS = (
    *("dataset", "estimator", "quantity", "seed", "n"),
    *("mean", "low", "high", "better", "standard_error", "unpaired_standard_error"),
)


def pairs_section(results: StudyResults) -> Section:
    """Each estimator with a likelihood against the baseline, image by image."""
    title = f"Image by image against {results.label(results.baseline)}"
    pairs = paired_by_datum(results)
    if pairs.empty:
        text = (
            "No seed has two runs that ended well and scored the same test images by a likelihood, "
            "so there is nothing to compare image by image."
        )
        return Section("pairs", title, (Text(text),))
    groups = scale_groups(results, places_of(pairs))
    blocks: list[Block] = [_lead(pairs, groups)]
    for group in groups:
        rows = group.rows(pairs)
        blocks += [_table(results, group, rows), _figure(results, group, rows)]
    return Section("pairs", title, tuple(blocks))


def paired_by_datum(results: StudyResults) -> pd.DataFrame:
    """Mean paired differences over test data: one row a data set, estimator, quantity and seed.

    Columns: dataset, estimator, quantity, seed, n, mean, low, high (Student's 95% interval over
    data), better (the share of data on which the estimator scores higher than the baseline),
    standard_error, and what that would be had each been scored on data of its own.
    """
    rows = [
        (dataset, estimator, quantity, int(seed), *found)
        for dataset in results.datasets
        for estimator in results.others
        for quantity in QUANTITIES
        for seed in sorted(set(results.runs(dataset, estimator)["seed"]))
        if (found := _compared(results, quantity, dataset, estimator, int(seed)))
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _compared(
    results: StudyResults, quantity: str, dataset: str, estimator: str, seed: int
) -> tuple[float, ...] | None:
    """(n, mean, low, high, better, standard errors) of one seed; None if there is no pair."""
    pair = datum_scores(results, f"{quantity}_per_datum", dataset, estimator, seed)
    if pair is None or not np.isfinite(pair).all():
        return None
    from suite.evaluation import paired_comparison  # PyTorch comes with it

    # Student's interval: over thousands of images the mean is normal, and a bootstrap of so many
    # differences, a second each, says the same.
    found = paired_comparison(*pair, confidence=CONFIDENCE, method="t")
    interval = (found.mean, found.low, found.high)
    errors = (found.standard_error, found.unpaired_standard_error)
    return (len(found.differences), *interval, found.better, *errors)


def _lead(pairs: pd.DataFrame, groups: Sequence[ScaleGroup]) -> Text:
    gain = float(_gains(pairs).median())
    times = significant(gain, 2)
    if len(groups) == 1:  # of several groups no one table has all rows
        table = f"pairs{groups[0].suffix}"
        times = linked(times, table, "standard_error_gain", take="median")
    without = (
        f" Without pairing, the standard errors would be {times} times as large "
        "(median over the rows)."
        if np.isfinite(gain) and gain > 1
        else ""
    )
    return Text(
        "The scores of single images differ far more from each other than the estimators do, so "
        f"the same test images are compared one by one and the differences averaged.{without} The "
        "interval is over images for one pair of fitted models; how much a fit itself varies is "
        "seen by comparing the seeds."
    )


def _gains(pairs: pd.DataFrame) -> pd.Series:
    """How many times as large the standard errors would be without pairing."""
    errors = pairs["standard_error"]
    return pairs["unpaired_standard_error"] / errors.where(errors > 0)


def _figure(results: StudyResults, group: ScaleGroup, pairs: pd.DataFrame) -> Figure:
    return Figure(
        name=f"pairs{group.suffix}",
        alt="Mean differences in log-likelihood and ELBO from "
        f"{results.plain_label(results.baseline)} with intervals, one row a seed, "
        f"for {alternatives(results, group.datasets, set(pairs['estimator']))}.",
        caption=f"{group.note}Mean over the test images of the difference from the baseline, right "
        f"of 0 where the estimator is better; bar: {CONFIDENCE:.0%} interval over images.",
        draw=partial(draw_paired, results, pairs.replace({"quantity": QUANTITIES})),
    )


def _table(results: StudyResults, group: ScaleGroup, pairs: pd.DataFrame) -> Table:
    rows = []
    for row in pairs.to_dict("records"):
        leaves_out_zero = row["low"] > 0 or row["high"] < 0
        side = "above" if row["mean"] > 0 else "below"
        rows.append(
            (
                Entry(escaped(str(row["dataset"]))),
                Entry(results.label(str(row["estimator"]))),
                Entry(QUANTITIES[str(row["quantity"])]),
                Entry(str(row["seed"])),
                Entry(f"{row['n']:,}"),
                Entry(signed(row["mean"]), f"{signed(row['low'])} to {signed(row['high'])}"),
                Entry(fixed(100 * row["better"], 1)),
                Entry(f"{side} 0" if leaves_out_zero else "includes 0"),
            )
        )
    return Table(
        name=f"pairs{group.suffix}",
        caption=f"{group.note}Mean difference from the baseline over the test images, seed by "
        f"seed; below it the {CONFIDENCE:.0%} interval over images (Student's). *Better* is the "
        f"share of images that the estimator scores higher, an equal score counting half."
        f"{_ratios(results)}",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("score", align="left"),
            Column("seed"),
            Column("images"),
            Column("difference", "nats per datum"),
            Column("better", "% of images"),
            Column("interval", align="left"),
        ),
        rows=tuple(rows),
        frame=pairs.assign(standard_error_gain=_gains(pairs)),
    )


def _ratios(results: StudyResults) -> str:
    parts = [
        f"{results.label(name)} on {escaped(dataset)} {_ratio(results, ratios, dataset, name)}"
        for dataset in results.datasets
        for name in results.others
        if len(ratios := time_ratios(results, dataset, name))
    ]
    return (
        f" Fitting time as a multiple of the baseline's (median): {listed(parts)}." if parts else ""
    )


def _ratio(results: StudyResults, ratios: np.ndarray, dataset: str, name: str) -> str:
    """The median of some ratios of fitting times, with its place in the main table, if any."""
    text = significant(float(np.median(ratios)))
    if "scores" not in results.sections:
        return text
    where = {"dataset": dataset, "estimator": name}
    return linked(text, "scores", "time_ratio_median", where=where)
