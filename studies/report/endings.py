"""How the planned runs ended, in a table: one row an estimator, one column an ending."""

import math
from collections.abc import Sequence

import pandas as pd

from studies.report.load_data import Load, loads, worst_load
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table

ENDINGS = "endings"
"""The table's name."""

_TITLES = {"planned": "runs", "ok": "ended well"}


def endings_table(results: StudyResults) -> Table:
    """Planned runs of every estimator, those that ended well, and the others by how they ended.

    Estimators that were run again for their times are rows of their own. The frame has the
    machine's load as their runs began, too.
    """
    cells = results.cells
    others = sorted(set(cells["status"]) - {"ok"})
    records = []
    for name in cells["estimator"].drop_duplicates():
        statuses = cells.loc[cells["estimator"] == name, "status"]
        records.append(
            {
                "estimator": name,
                "planned": len(statuses),
                "ok": int((statuses == "ok").sum()),
                "not_well": int((statuses != "ok").sum()),
                **{s.replace(" ", "_"): int((statuses == s).sum()) for s in others},
            }
        )
    counts = [name for name in records[0] if name != "estimator"] if records else []
    every = loads(results)
    load = [_load_record([a for a in every if a.estimator == r["estimator"]]) for r in records]
    shown = [name for name in counts if name != "not_well"]
    return Table(
        name=ENDINGS,
        caption="How the planned runs ended, by estimator.",
        columns=(
            Column("estimator", align="left"),
            *(Column(_TITLES.get(name) or name.replace("_", " ")) for name in shown),
        ),
        rows=tuple(
            (Entry(results.label(str(r["estimator"]))), *(Entry(f"{r[name]:,}") for name in shown))
            for r in records
        ),
        frame=pd.DataFrame(records, columns=["estimator", *counts]).join(pd.DataFrame(load)),
    )


def _load_record(found: Sequence[Load]) -> dict[str, float]:
    """The machine's load as an estimator's runs began, where that was recorded."""
    averages, worst = [load.average for load in found], worst_load(found)
    return {
        "load_known": len(found),
        "loaded": sum(load.is_foreign for load in found),
        "load_min": min(averages, default=math.nan),
        "load_max": max(averages, default=math.nan),
        "load_worst": math.nan if worst is None else worst.average,
        "load_worst_own": math.nan if worst is None else worst.own,
    }
