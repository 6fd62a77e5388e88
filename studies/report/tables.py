"""Tables: the main one, and what those of several sections are made of."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from studies.metrics import SHORT_UNITS, Metric, metric
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table
from studies.report.score_scales import has_scale, scale_words
from studies.report.words import MISSING, escaped, fixed, significant

SPLITS = {"train": "training", "test": "held out", "": ""}
"""What a report calls a split."""

# The bound is made for the training data: there a mixture's ELBO and gap are looked at, and its
# likelihood on both splits. A VAE is scored on held-out data throughout.
_MIXTURE_SPLITS = {
    "log_likelihood": ("train", "test"),
    "elbo": ("train",),
    "gap": ("train",),
    "objective": ("train",),
    "adjusted_rand_index": ("test",),
}
_VAE_SPLITS = {"objective": ("train",)}


_SHORT_NAMES = {
    "gap": "gap",
    "adjusted_rand_index": "Rand index",
    "reconstruction_error": "rec. error",
    "fit_seconds": "time",
}


@dataclass(frozen=True)
class Measured:
    """A column of the main table: a metric on a split.

    `scale` says of what its scores are log probabilities where a study has several such things;
    it is empty where there is one, or where it makes no difference.
    """

    metric: Metric
    split: str
    scale: str = ""

    @property
    def title(self) -> str:
        """The column's title."""
        split = SPLITS[self.split]
        title = f"{self.metric.label}, {split}" if split else self.metric.label
        return f"{title}: {scale_words(self.scale)}" if self.scale else title

    @property
    def name(self) -> str:
        """The column's name in a CSV file."""
        return "_".join(part for part in (self.metric.name, self.split, self.scale) if part)

    @property
    def unit(self) -> str:
        """The unit, "" where there is none."""
        return "" if self.metric.unit in ("1", self.metric.label) else self.metric.unit


def measured_columns(results: StudyResults) -> list[Measured]:
    """The main table's columns: the study's metrics, each on the splits that matter.

    Scores that are log probabilities of different things have a column each.
    """
    plain = [Measured(metric(m), s) for m in results.metrics for s in splits_of(results, m)]
    return [column for each in plain for column in _scaled(results, each)]


def column_values(
    results: StudyResults, column: Measured, dataset: str, estimator: str
) -> pd.Series:
    """What a column shows of an estimator on a data set, by seed; nothing on another scale."""
    if column.scale and results.scale(dataset, estimator) != column.scale:
        return pd.Series(dtype=float)
    return results.values(column.metric.name, column.split, dataset, estimator)


def _scaled(results: StudyResults, column: Measured) -> list[Measured]:
    """A column, or one for each scale of its scores that has any."""
    if not has_scale(column.metric.name, column.metric.unit) or len(results.scales) < 2:
        return [column]
    columns = [replace(column, scale=scale) for scale in results.scales]
    places = combinations(results)
    filled = [c for c in columns if any(len(column_values(results, c, *p)) for p in places)]
    return filled or [column]


def splits_of(results: StudyResults, name: str) -> tuple[str, ...]:
    """The splits on which a report shows the metric `name`; "" alone if it is of the whole run."""
    if results.has(name, ""):
        return ("",)
    usual = _MIXTURE_SPLITS if results.kind == "mixture" else _VAE_SPLITS
    splits = usual.get(name, ("test",))
    if any(results.has(name, split) for split in splits):
        return splits
    return tuple(s for s in ("test", "train") if results.has(name, s)) or splits


def main_table(results: StudyResults) -> Table:
    """Data set × estimator, the median over seeds of every metric with its range below."""
    columns = measured_columns(results)
    rows, records = [], []
    for dataset, estimator in combinations(results):
        well, planned = results.ended_well(dataset, estimator), results.planned(dataset, estimator)
        entries = [Entry(escaped(dataset)), Entry(results.label(estimator))]
        entries.append(Entry(f"{well}/{planned}"))
        record = {"dataset": dataset, "estimator": estimator, "ok": well, "planned": planned}
        for column in columns:
            values = column_values(results, column, dataset, estimator)
            entries.append(median_entry(values, column.metric))
            record |= spread(column.name, values)
        rows.append(tuple(entries))
        records.append(record)
    return Table(
        name="scores",
        caption=_main_caption(results),
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("runs ok"),
            *(Column(c.title, c.unit) for c in columns),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def summary_frame(results: StudyResults) -> pd.DataFrame:
    """The main table for a terminal: medians as text, one row a data set and estimator."""
    columns = measured_columns(results)
    rows = []
    for dataset, estimator in combinations(results):
        row = {
            "data": dataset,
            "estimator": results.plain_label(estimator),
            "runs ok": f"{results.ended_well(dataset, estimator)}"
            f"/{results.planned(dataset, estimator)}",
        }
        for c in columns:
            values = column_values(results, c, dataset, estimator)
            row[_short_title(c)] = measured(median(values), c.metric)
        rows.append(row)
    return pd.DataFrame(rows)


def combinations(results: StudyResults) -> list[tuple[str, str]]:
    """Every planned pair of data set and estimator, data set by data set."""
    return [
        (dataset, estimator)
        for dataset in results.datasets
        for estimator in results.estimators
        if results.planned(dataset, estimator)
    ]


RUNS_OK = Column("runs ok")
"""The column of `ok_entry`."""


def ok_entry(
    results: StudyResults, datasets: Iterable[str], estimators: Iterable[str] | None = None
) -> Entry:
    """How many runs a row is over, of how many planned: "n/m" over data sets and estimators."""
    names = results.estimators if estimators is None else list(estimators)
    places = [(dataset, name) for dataset in datasets for name in names]
    well = sum(results.ended_well(*place) for place in places)
    return Entry(f"{well}/{sum(results.planned(*place) for place in places)}")


def median_entry(values: pd.Series, metric: Metric) -> Entry:
    """The median, and the smallest and largest value below it where they differ."""
    if values.empty:
        return Entry(MISSING)
    low, high = measured(float(values.min()), metric), measured(float(values.max()), metric)
    return Entry(measured(median(values), metric), f"{low} to {high}" if low != high else "")


def measured(value: float, metric: Metric) -> str:
    """A metric's value as tables show it: times by significant digits, all else by decimals."""
    return significant(value) if metric.unit == "seconds" else fixed(value, metric.digits)


def spread(name: str, values: pd.Series) -> dict[str, float]:
    """Median, smallest and largest value, for a CSV file."""
    if values.empty:
        return dict.fromkeys((f"{name}_median", f"{name}_min", f"{name}_max"), np.nan)
    return {
        f"{name}_median": median(values),
        f"{name}_min": float(values.min()),
        f"{name}_max": float(values.max()),
    }


def median(values: pd.Series) -> float:
    """The median; NaN of nothing."""
    return float(values.median()) if len(values) else float("nan")


def _short_title(column: Measured) -> str:
    """A title for a terminal: what on one line, where on the next, the unit in brackets."""
    name = _SHORT_NAMES.get(column.metric.name, column.metric.label)
    short = SHORT_UNITS.get(column.metric.unit)
    unit = f"[{short}]" if short else ""
    scale = f"({column.scale})" if column.scale else ""
    return "\n".join(part for part in (name, SPLITS[column.split], scale, unit) if part)


def _kinds_warning(results: StudyResults) -> str:
    if len(results.scales) < 2:
        return ""
    return (
        "**The likelihoods are of different kinds, and their scores not on one scale: "
        f"{'; '.join(escaped(scale_words(s)) for s in results.scales)}. Each has columns of its "
        "own and is compared with no other.** "
    )


def _main_caption(results: StudyResults) -> str:
    text = _kinds_warning(results) + (
        "Median over the seeds' runs that ended well; below it the smallest and the largest value. "
        "*Runs ok* counts them against the runs planned."
    )
    if not results.failures.empty:
        text += " Where it is not full, the figures are over the survivors only: see *Failures*."
    if any(results.registered(name) == "autoencoder" for name in results.estimators):
        text += (
            f" {MISSING}: not defined; an autoencoder has no density, hence no likelihood and no "
            "bound."
        )
    elif not all(results.has(c.metric.name, c.split) for c in measured_columns(results)) or any(
        column_values(results, c, d, e).empty
        for c in measured_columns(results)
        for d, e in combinations(results)
    ):
        text += f" {MISSING}: not measured, for want of labels or of a run that ended well."
    return text
