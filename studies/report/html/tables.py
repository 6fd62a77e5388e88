"""A report's tables as HTML: every figure with its unrounded value, every row with its runs."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from studies.report.html.alignment import Slot
from studies.report.html.links import Numbers, cell_id, row_id, table_id
from studies.report.html.prose import inline, text_of
from studies.report.html.run_data import Places
from studies.report.model import Entry, Table
from studies.report.numbers import NUMBER
from studies.report.words import MISSING

_FILTER_FROM = 8
"""Rows from which on a table has a filter."""

_TEXT = re.compile(r"(<[^>]*>)")


@dataclass(frozen=True)
class Cell:
    """A table's cell in HTML: its content, the value to sort by ("" for none), its id and align."""

    content: Markup
    value: str
    id: str
    align: str


@dataclass(frozen=True)
class Row:
    """A table's row: its id and its cells, the first of which is its header."""

    id: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Shown:
    """A table as the template needs it."""

    id: str
    name: str
    label: str
    caption: Markup
    columns: tuple[dict[str, str], ...]
    rows: tuple[Row, ...]
    filtered: bool


def shown(table: Table, numbers: Numbers, places: Places) -> Shown:
    """The table for the page.

    Parameters
    ----------
    table
        The table.
    numbers
        The document's numbers: some lead to this table's cells.
    places
        Which runs belong to a data set and estimator.
    """
    label = text_of(table.caption.split(".")[0])
    return Shown(
        id=table_id(table.name),
        name=table.name,
        label=f"Table {table.name}: {label}",
        caption=inline(table.caption, numbers.link),
        columns=tuple(_column(table, j) for j in range(len(table.columns))),
        rows=tuple(_row(table, i, numbers, places) for i in range(len(table.rows))),
        filtered=len(table.rows) >= _FILTER_FROM,
    )


def _column(table: Table, j: int) -> dict[str, str]:
    column = table.columns[j]
    return {
        "title": inline(column.title, lambda text, _: text),
        "unit": column.unit,
        "align": column.align,
    }


def _row(table: Table, i: int, numbers: Numbers, places: Places) -> Row:
    slots, wanted = numbers.slots(table), numbers.wanted(table.name)
    run = places.run_of_row(table, i)
    linked = _run_column(table) if run else None
    cells = []
    for j, entry in enumerate(table.rows[i]):
        named = {s: slots[s] for s in slots if s.column == j and (i, slots[s]) in wanted}
        content = _content(table, i, entry, named, numbers)
        if j == linked:
            label = f"{text_of(entry.text)}: {places.title(run)}"
            content = Markup(
                f'<a class="run" data-run="{escape(run)}" href="#run-{escape(run)}" '
                f'title="Open run {escape(label)}">{content}</a>'
            )
        main = slots.get(Slot(j, False, 0))
        in_cell = main is not None and (i, main) in wanted
        cells.append(
            Cell(
                content=content,
                value=_value(table, i, entry, main),
                id=cell_id(table.name, i, main) if in_cell and main is not None else "",
                align=table.columns[j].align,
            )
        )
    return Row(row_id(table.name, i), tuple(cells))


def _run_column(table: Table) -> int:
    titles = [column.title for column in table.columns]
    return titles.index("estimator") if "estimator" in titles else 0


def _content(
    table: Table, i: int, entry: Entry, named: dict[Slot, str], numbers: Numbers
) -> Markup:
    """Figure and note; a number in either that prose leads to has its own element.

    The first number of the figure is the cell's own value, so the cell itself is its element.
    """
    parts = []
    for note, text in ((False, entry.text), (True, entry.note)):
        html = str(inline(text, numbers.link))
        for slot, column in named.items():
            if slot.note == note and slot != Slot(slot.column, False, 0):
                value = float(table.frame[column].iloc[i])
                html = _named(html, slot.position, cell_id(table.name, i, column), value)
        parts.append(html)
    return Markup(parts[0] + (f"<small>{parts[1]}</small>" if entry.note else ""))


def _named(html: str, position: int, name: str, value: float) -> str:
    """`html` with its number at `position` in an element with an id and its unrounded value."""
    pieces, seen = _TEXT.split(html), -1
    for k in range(0, len(pieces), 2):  # the even ones are text, the odd ones tags
        for match in NUMBER.finditer(pieces[k]):
            seen += 1
            if seen == position:
                start, end = match.span()
                element = f'<span id="{name}" data-value="{value!r}">{match.group()}</span>'
                pieces[k] = pieces[k][:start] + element + pieces[k][end:]
                return "".join(pieces)
    return html


def _value(table: Table, i: int, entry: Entry, column: str | None) -> str:
    """What a column is sorted by: the unrounded figure, the shown number, or "" for the text."""
    if column is not None:
        value = float(table.frame[column].iloc[i])
        return repr(value) if value == value else ""
    match = NUMBER.match(entry.text)
    if match is None or entry.text == MISSING:
        return ""
    return repr(number(match.group()))


def number(text: str) -> float:
    """A number as this project writes one, read again.

    Examples
    --------
    >>> number("−1,234.5"), number("7.9×10⁻⁹")
    (-1234.5, 7.9e-09)
    """
    mantissa, _, power = text.partition("×10")
    exponent = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(mantissa.replace("−", "-").replace(",", "") + (f"e{exponent}" if exponent else ""))
