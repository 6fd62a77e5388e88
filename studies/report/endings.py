"""How the planned runs ended, in a table: one row an estimator, one column an ending."""

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table

_TITLES = {"planned": "runs", "ok": "ended well"}


def endings_table(results: StudyResults) -> Table:
    """Planned runs of every estimator, those that ended well, and the others by how they ended.

    Estimators that were run again for their times are rows of their own.
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
    shown = [name for name in counts if name != "not_well"]
    return Table(
        name="endings",
        caption="How the planned runs ended, by estimator.",
        columns=(
            Column("estimator", align="left"),
            *(Column(_TITLES.get(name) or name.replace("_", " ")) for name in shown),
        ),
        rows=tuple(
            (Entry(results.label(str(r["estimator"]))), *(Entry(f"{r[name]:,}") for name in shown))
            for r in records
        ),
        frame=pd.DataFrame(records, columns=["estimator", *counts]),
    )
