"""The verdicts at a glance: one row a pair of estimators, one column a quantity."""

from dataclasses import dataclass

from markupsafe import Markup

from studies.report.html.links import Numbers, row_id
from studies.report.html.prose import inline, text_of
from studies.report.model import Document, Table

_TABLE = "verdicts"


@dataclass(frozen=True)
class Verdict:
    """One verdict: its word, the figure behind it, and the row that says more."""

    word: str
    figure: Markup
    row: str


@dataclass(frozen=True)
class Glance:
    """The verdicts in a grid.

    Parameters
    ----------
    quantities
        The columns' titles.
    rows
        Two estimators each, and a verdict or None for each quantity.
    """

    quantities: tuple[Markup, ...]
    rows: tuple[tuple[Markup, tuple[Verdict | None, ...]], ...]


def glance(document: Document, numbers: Numbers) -> Glance | None:
    """The verdicts of a document that has a table of them; None for another."""
    table = next((t for t in numbers.tables if t.name == _TABLE), None)
    if table is None or len(table.frame) != len(table.rows) or not len(table.rows):
        return None
    found: dict[tuple[str, str], dict[str, Verdict]] = {}
    for i in range(len(table.rows)):
        pair, quantity, verdict = _read(table, i)
        found.setdefault(pair, {})[quantity] = verdict
    quantities = list(dict.fromkeys(q for verdicts in found.values() for q in verdicts))
    rows = [
        (
            Markup("{} <small>{}</small>").format(_html(pair[0]), _html(pair[1])),
            tuple(verdicts.get(quantity) for quantity in quantities),
        )
        for pair, verdicts in found.items()
    ]
    return Glance(tuple(_html(quantity) for quantity in quantities), tuple(rows))


def _read(table: Table, i: int) -> tuple[tuple[str, str], str, Verdict]:
    """Columns as `studies.report.verdict_section` has them: estimator, quantity, …, verdict."""
    titles = [column.title for column in table.columns]
    entry = dict(zip(titles, table.rows[i], strict=True))
    estimator, quantity = entry["estimator"], entry["quantity"]
    word = text_of(entry["verdict"].text)
    figure = _html(entry["mean difference or ratio"].text)
    return (estimator.text, estimator.note), quantity.text, Verdict(word, figure, row_id(_TABLE, i))


def _html(text: str) -> Markup:
    return inline(text, lambda shown, _: shown)
