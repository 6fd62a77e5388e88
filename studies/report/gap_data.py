"""Where the bound ended: the gap at the last step of every run of a mixture study."""

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table
from studies.report.progress_figures import rounding
from studies.report.words import significant

GAP_ENDS = "gap-ends"
"""The table's name."""


def last_gaps(results: StudyResults, estimator: str) -> pd.Series:
    """The gap at the last step of every run, at the q that the step used, in nats per datum.

    It is the stored score where a run recorded no progress.
    """
    found = []
    for dataset in results.datasets:
        way = results.traced("gap", "train", dataset)
        last = way[way["estimator"] == estimator].sort_values("step").groupby("seed")["value"]
        found.append(last.last().combine_first(results.values("gap", "train", dataset, estimator)))
    return pd.concat(found)


def gap_ends_table(results: StudyResults) -> Table:
    """One row an estimator: its gaps at the last step, over all data sets and seeds."""
    records = []
    for name in results.estimators:
        gaps, noise = last_gaps(results, name), rounding(results)
        if gaps.empty:
            continue
        low = float(gaps.min())
        records.append(
            {
                "estimator": name,
                "runs": len(gaps),
                "gap_median": float(gaps.median()),
                "gap_min": low if low < -noise else max(low, 0.0),
                "gap_max": float(gaps.max()),
            }
        )
    names = ("gap_median", "gap_min", "gap_max")
    return Table(
        name=GAP_ENDS,
        caption="The gap at the last step of every run, over all data sets and seeds; below 0 only "
        "where it is so by more than rounding.",
        columns=(
            Column("estimator", align="left"),
            Column("runs"),
            *(Column(title, "nats per datum") for title in ("median", "smallest", "largest")),
        ),
        rows=tuple(
            (
                Entry(results.label(str(record["estimator"]))),
                Entry(str(record["runs"])),
                *(Entry(significant(float(str(record[name])))) for name in names),
            )
            for record in records
        ),
        frame=pd.DataFrame(records, columns=["estimator", "runs", *names]),
    )
