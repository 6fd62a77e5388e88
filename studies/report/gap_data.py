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


def new_gaps(results: StudyResults, estimator: str) -> pd.Series:
    """The gap on held-out data at the q that the fitted model gives them, in nats per datum."""
    found = [results.values("gap", "test", d, estimator) for d in results.datasets]
    return pd.concat(found)


def gap_ends(gaps: pd.Series, noise: float) -> dict[str, float]:
    """Median, smallest ("min") and largest ("max"); a smallest that is negative by noise is 0."""
    low = float(gaps.min())
    return {
        "median": float(gaps.median()),
        "min": low if low < -noise else max(low, 0.0),
        "max": float(gaps.max()),
    }


def gap_ends_table(results: StudyResults) -> Table:
    """One row an estimator: its gaps at the last step and on new data, over data sets and seeds."""
    records = []
    for name in results.estimators:
        gaps = last_gaps(results, name)
        if gaps.empty:
            continue
        of = {"gap": gaps, "new": new_gaps(results, name)}
        ends = {
            f"{key}_{end}": value
            for key, found in of.items()
            for end, value in gap_ends(found, rounding(results)).items()
        }
        records.append({"estimator": name, "runs": len(gaps), **ends})
    names = [f"{of}_{end}" for of in ("gap", "new") for end in ("median", "min", "max")]
    titles = [
        f"{end}, {of}"
        for of in ("training", "held out")
        for end in ("median", "smallest", "largest")
    ]
    return Table(
        name=GAP_ENDS,
        caption="The gap over all data sets and seeds; below 0 only where it is so by more than "
        "rounding. *Training*: at the last step of every run, at the q that the step used. *Held "
        "out*: at the end, at the q that the fitted model gives to data it never saw, which is "
        "the exact posterior but for an amortised guide.",
        columns=(
            Column("estimator", align="left"),
            Column("runs"),
            *(Column(title, "nats per datum") for title in titles),
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
