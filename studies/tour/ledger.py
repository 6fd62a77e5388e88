"""Every number of the article's prose, with its unrounded value and where it comes from."""

from collections.abc import Callable

import pandas as pd

from studies.report.model import Column, Entry, Table
from studies.report.numbers import linked

TABLE = "numbers"
"""The name of the table that the numbers point to."""


class Ledger:
    """Numbers are written down as the text takes them; the last part of the article shows all.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.number("end", -4.15538, "{:.2f}".format, "the last iterate", "the tour")
    '[-4.16](value:numbers?column=value&=name=end)'
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[float, str, str, str]] = {}

    def number(
        self, name: str, value: float, form: Callable[[float], str], what: str, source: str
    ) -> str:
        """`value` as text, pointing to its row.

        Parameters
        ----------
        name
            The row's own name.
        form
            How the number is written.
        what, source
            What it is and where it was measured, in Markdown.

        Raises
        ------
        ValueError
            If a different value has been written down under this name.
        """
        shown = form(value)
        known = self._rows.setdefault(name, (value, shown, what, source))
        if known[0] != value:
            raise ValueError(f"the number {name!r} is {known[0]} and {value}; use another name.")
        return linked(shown, TABLE, "value", where={"name": name})

    def table(self) -> Table:
        """All numbers, in the order in which the text takes them."""
        rows = [(name, *row) for name, row in self._rows.items()]
        frame = pd.DataFrame(rows, columns=["name", "value", "shown", "what", "source"])
        entries = tuple(
            (Entry(what), Entry(shown), Entry(source)) for _, _, shown, what, source in rows
        )
        return Table(
            name=TABLE,
            caption="Every measured number of the text above, in its order; the CSV has them "
            "unrounded.",
            columns=(
                Column("what", align="left"),
                Column("number"),
                Column("measured by", align="left"),
            ),
            rows=entries,
            frame=frame,
        )
