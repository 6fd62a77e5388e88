"""Where a number in prose leads on the page: to the figure in a table that it was read from."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

from studies.report.html.alignment import Slot, aligned
from studies.report.model import Bullets, Document, Figure, Listings, Table, Text
from studies.report.numbers import address, addresses, found


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of a document's prose and the tables that they lead to."""

    document: Document
    tables: tuple[Table, ...] = field(init=False)

    def __post_init__(self) -> None:
        blocks = [block for section in self.document.sections for block in section.blocks]
        tables = tuple(block for block in blocks if isinstance(block, Table))
        object.__setattr__(self, "tables", tables)

    def link(self, text: str, target: str) -> str:
        """The HTML of a number in prose: a link to its row, or the number alone without one."""
        at = address(target)
        value = found(at, self.tables)
        if value is None:
            return text
        take = f' data-take="{escape(at.take)}"' if at.take else ""
        return (
            f'<a class="number" href="#{self._place(at.table, at.column, value.rows)}" '
            f'data-value="{value.value!r}"{take}>{text}</a>'
        )

    def slots(self, table: Table) -> dict[Slot, str]:
        """The frame's columns behind the numbers that a table shows."""
        return self._aligned[table.name]

    def wanted(self, table: str) -> set[tuple[int, str]]:
        """The rows and columns of a table that some number in prose leads to."""
        return self._wanted.get(table, set())

    def _place(self, table: str, column: str, rows: tuple[int, ...]) -> str:
        if len(rows) != 1 or table in self._condensed:
            return table_id(table)
        shown = column in self._aligned[table].values()
        return cell_id(table, rows[0], column) if shown else row_id(table, rows[0])

    @cached_property
    def _condensed(self) -> set[str]:
        """Tables that show no row for each of their frame's, so that a row has no place."""
        return {table.name for table in self.tables if len(table.frame) != len(table.rows)}

    @cached_property
    def _aligned(self) -> dict[str, dict[Slot, str]]:
        return {table.name: aligned(table) for table in self.tables}

    @cached_property
    def _wanted(self) -> dict[str, set[tuple[int, str]]]:
        wanted: dict[str, set[tuple[int, str]]] = {}
        for text in prose_of(self.document):
            for _, at in addresses(text):
                value = found(at, self.tables)
                if value is not None and len(value.rows) == 1:
                    wanted.setdefault(at.table, set()).add((value.rows[0], at.column))
        return wanted


def prose_of(document: Document) -> list[str]:
    """Every text of a document in which numbers may be marked, in order."""
    texts = [document.answer.headline, *document.answer.details]
    for section in document.sections:
        for block in section.blocks:
            match block:
                case Text(text):
                    texts.append(text)
                case Bullets(items):
                    texts += items
                case Table() | Figure() | Listings():
                    texts.append(block.caption)
    return texts


def table_id(table: str) -> str:
    """The id of a table's element."""
    return f"table-{_slug(table)}"


def row_id(table: str, row: int) -> str:
    """The id of a row, which is counted from 0 and named from 1."""
    return f"{table_id(table)}-row-{row + 1}"


def cell_id(table: str, row: int, column: str) -> str:
    """The id of a figure in a row."""
    return f"{row_id(table, row)}-{_slug(column)}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")
