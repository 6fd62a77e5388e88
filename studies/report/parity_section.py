"""The section on the parity gate: at the same parameters, do all compute the same thing?"""

import pandas as pd

from studies.report.floor_data import repeats
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Column, Entry, Section, Table, Text
from studies.report.numbers import linked
from studies.report.parity_data import (
    AGREES,
    DIFFERS,
    NOT_AVAILABLE,
    failing_estimators,
    parity_rows,
)
from studies.report.words import MISSING, counted, escaped, listed, significant

_TITLE = "Do they compute the same thing?"
_QUANTITIES: dict[str, dict[str, str]] = {
    "mixture": {
        "log_likelihood": "log-likelihood",
        "bound": "bound",
        "gradient": "gradient",
    },
    "vae": {"elbo": "ELBO", "distortion": "distortion", "rate": "rate", "gradient": "gradient"},
}
"""By kind of study: what is compared, and what a table calls it."""

_REFERENCES: dict[str, str] = {
    "mixture": "The reference is the exact density of a mixture of the first 1,000 rows at most "
    "(the start by k-means, drawn together so that its components overlap), and its gradient by "
    "automatic differentiation in the units of the components; of a sweep, at one point for each "
    "covariance type and number of features. Log-likelihoods are `score_samples` of every row; "
    "bounds are the first that a fit from there reports; the gradient is that of an estimator's "
    "own loss, or the one that the first step of EM has followed (Xu and Jordan, 1996).",
    "vae": "The reference is −distortion − rate on one minibatch of 100 at given weights and the "
    "same noise, in double precision, with its gradient in all weights by automatic "
    "differentiation; compared is each estimator's own training loss. A plain autoencoder is "
    "another model, with no likelihood, and takes no part.",
}


def parity_section(results: StudyResults) -> Section:
    """Each implementation's figures at given parameters against the exact ones."""
    rows = parity_rows(results)
    if rows.empty:
        return Section("parity", _TITLE, (Text(_NOT_CHECKED),))
    blocks: list[Block] = [
        Text(f"{_summary(results, rows)} {_REFERENCES[results.kind]}"),
        _table(results, rows),
    ]
    notes = _notes(results, rows)
    if notes:
        blocks.append(Bullets(notes))
    return Section("parity", _TITLE, tuple(blocks))


_NOT_CHECKED = (
    "Not checked: these results were stored without it. To run the study again checks its "
    "estimators, and runs nothing anew whose code and settings are the same."
)


def _summary(results: StudyResults, rows: pd.DataFrame) -> str:
    """What came out, in a sentence or two."""
    failing = [results.label(name) for name in failing_estimators(results)]
    compared = int(rows["status"].isin([AGREES, DIFFERS]).sum())
    where = counted(rows["dataset"].nunique(), "data set")
    if failing:
        verb, is_ = ("does", "is") if len(failing) == 1 else ("do", "are")
        return (
            f"**{listed(failing)} {verb} not compute what the others do, or could not be shown to, "
            f"and {is_} ranked against nobody.**"
        )
    if not compared:
        return "Nothing could be compared."
    many = linked(
        counted(compared, "figure"), "parity", "difference", where={"status": AGREES}, take="count"
    )
    return (
        f"Before anything was timed, {many} on {where} were compared at "
        "equal parameters with the exact ones; all agree within rounding."
    )


def _table(results: StudyResults, rows: pd.DataFrame) -> Table:
    quantities, again = _QUANTITIES[results.kind], repeats(results)
    return Table(
        name="parity",
        caption="The largest relative difference from the reference, over data sets, and below it "
        "what rounding may amount to there, by the precision and the conditioning.",
        columns=(
            Column("estimator", align="left"),
            *(Column(label) for label in quantities.values()),
            Column("gate", align="left"),
        ),
        rows=tuple(
            (
                Entry(results.label(name)),
                *(_entry(_of(rows, name), quantity) for quantity in quantities),
                Entry(_gate(_of(rows, name))),
            )
            for name in results.estimators
            if len(_of(rows, name)) or name not in again
        ),
        frame=rows.drop(columns=["key", "provenance"]),
    )


def _of(rows: pd.DataFrame, estimator: str) -> pd.DataFrame:
    return rows[rows["estimator"] == estimator]


def _entry(rows: pd.DataFrame, quantity: str) -> Entry:
    """The difference nearest to its tolerance, or furthest beyond it."""
    found = rows[rows["quantity"] == quantity]
    compared = found[found["status"].isin([AGREES, DIFFERS])]
    if compared.empty:
        return Entry(MISSING, NOT_AVAILABLE if len(found) else "")
    unknown = compared["difference"].isna()
    if unknown.any():
        return Entry("**no number**")
    nearest = int((compared["difference"] / compared["tolerance"]).to_numpy().argmax())
    worst = compared.iloc[nearest]
    text = significant(float(worst["difference"]), 2)
    mark = "**" if worst["status"] == DIFFERS else ""
    return Entry(f"{mark}{text}{mark}", f"within {significant(float(worst['tolerance']), 1)}")


def _gate(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "not checked"
    for status in sorted(set(rows["status"]) - {AGREES, NOT_AVAILABLE}):
        return f"**{status}: not ranked**"
    if AGREES not in set(rows["status"]):
        return NOT_AVAILABLE
    return AGREES


def _notes(results: StudyResults, rows: pd.DataFrame) -> tuple[str, ...]:
    """Everything that is said of a check beside numbers, once for each estimator."""
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows[rows["message"] != ""].itertuples():
        place = told.setdefault((str(row.estimator), str(row.message)), [])
        if row.dataset not in place:
            place.append(str(row.dataset))
    return tuple(
        f"{results.label(name)}, on {escaped(listed(datasets[:3]))}"
        f"{f' and {len(datasets) - 3} more' if len(datasets) > 3 else ''}: {escaped(message)}"
        for (name, message), datasets in told.items()
    )
