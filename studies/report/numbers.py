"""Numbers in prose that say which row of which table they were read from.

A number is marked where a sentence is made,

    linked("−95.19", "scores", "elbo_test_median", where={"dataset": "mnist", "estimator": "vae"})

and stays text: a Markdown link whose address names a table, a column of its unrounded figures
(`Table.frame`) and the rows. The HTML page makes it a link to the table's cell; the README and the
terminal leave the text alone (`unlinked`). `found` looks the address up again, so that a test can
hold every number against its row.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pandas as pd

from studies.report.model import Table
from studies.report.words import fixed, signed, significant

SCHEME = "value:"
"""What the address of a number begins with."""

_LINK = re.compile(r"(?<!\\)\[((?:\\.|[^\[\]\\])*)\]\(" + SCHEME + r"([^)\s]*)\)")

Take = Callable[[pd.Series], float]

TAKES: dict[str, Take] = {
    "": lambda values: float(values.iloc[0]),
    "exp": lambda values: float(np.exp(values.iloc[0])),
    "percent": lambda values: float(100 * values.iloc[0]),
    "size": lambda values: float(abs(values.iloc[0])),
    "sum": lambda values: float(values.sum()),
    "mean": lambda values: float(values.mean()),
    "median": lambda values: float(values.median()),
    "min": lambda values: float(values.min()),
    "max": lambda values: float(values.max()),
    "largest": lambda values: float(values.abs().max()),
    "count": lambda values: float(len(values)),
    "known": lambda values: float(len(values)),
}
"""What is taken of the addressed figures; the first four are of one row.

"count" is of all rows, "known" of those that have a figure in this column; "largest" is by size.
"""

_OF_ONE_ROW = ("", "exp", "percent", "size")


@dataclass(frozen=True)
class Address:
    """Where a number comes from.

    Parameters
    ----------
    table
        The table's name.
    column
        A column of its frame.
    where
        The rows: those whose columns have these values, as text; all of them if empty.
    take
        What is taken of them: a name of `TAKES`.
    """

    table: str
    column: str
    where: tuple[tuple[str, str], ...] = ()
    take: str = ""


@dataclass(frozen=True)
class Found:
    """An address looked up.

    Parameters
    ----------
    value
        The unrounded figure.
    rows
        The rows it is of, counted from 0.
    """

    value: float
    rows: tuple[int, ...]


def linked(
    text: str,
    table: str,
    column: str,
    *,
    where: Mapping[str, object] | None = None,
    take: str = "",
) -> str:
    """`text`, a number as it is to be read, with the address of the figure it is the rounding of.

    Words that stand in place of a number, "—" or "missed", have no address.

    Parameters
    ----------
    text
        The formatted number, with its unit or without.
    table, column
        The table's name and the column of its frame.
    where
        Column and value of the rows meant; all rows if left out.
    take
        "" for the figure of one row, or another name of `TAKES`.

    Examples
    --------
    >>> linked("45", "scores", "ok", take="sum")
    '[45](value:scores?column=ok&take=sum)'
    """
    if NUMBER.search(text) is None:
        return text
    query = {"column": column, **({"take": take} if take else {})}
    rows = {f"={name}": str(value) for name, value in (where or {}).items()}
    return f"[{text}]({SCHEME}{table}?{urlencode(query | rows, safe='=')})"


def unlinked(text: str) -> str:
    """`text` with its numbers as they are read, without addresses.

    Examples
    --------
    >>> unlinked(f"All {linked('45', 'scores', 'ok', take='sum')} runs ended well.")
    'All 45 runs ended well.'
    """
    return _LINK.sub(r"\1", text)


def addresses(text: str) -> list[tuple[str, Address]]:
    """Every marked number of `text` with its address, in order."""
    return [(shown, address(target)) for shown, target in _LINK.findall(text)]


def address(target: str) -> Address:
    """The address that stands after `SCHEME`.

    Examples
    --------
    >>> address("scores?column=ok&take=sum&=dataset=iris")
    Address(table='scores', column='ok', where=(('dataset', 'iris'),), take='sum')
    """
    table, _, query = target.partition("?")
    options: dict[str, str] = {}
    where = []
    for part in query.split("&"):
        if part.startswith("="):
            where += parse_qsl(part[1:], keep_blank_values=True)
        else:
            options |= dict(parse_qsl(part, keep_blank_values=True))
    return Address(table, options["column"], tuple(where), options.get("take", ""))


def found(at: Address, tables: Iterable[Table]) -> Found | None:
    """The figure at an address; None if this report has no such table, column or row."""
    frame = next((table.frame for table in tables if table.name == at.table), None)
    if frame is None or at.column not in frame:
        return None
    chosen = np.ones(len(frame), dtype=bool)
    for column, value in at.where:
        if column not in frame:
            return None
        chosen &= (frame[column].astype(str) == value).to_numpy()
    rows = tuple(int(i) for i in np.flatnonzero(chosen))
    values = pd.to_numeric(frame[at.column], errors="coerce").iloc[list(rows)]
    if at.take != "count":
        values = values.dropna()
    if at.take not in TAKES or values.empty or (at.take in _OF_ONE_ROW and len(rows) != 1):
        return None
    return Found(TAKES[at.take](values), rows)


def agrees(text: str, value: float) -> bool:
    """Whether the first number in `text` is `value` as this project rounds numbers.

    Examples
    --------
    >>> agrees("−95.19", -95.1934), agrees("−95.20", -95.1934), agrees("0.012 s", 0.01198)
    (True, False, True)
    >>> agrees("1,980 steps", 1983.0), agrees("7.9×10⁻⁹", 7.91e-9), agrees("1 nat", 1.2)
    (True, True, False)
    """
    match = NUMBER.search(text)
    return match is not None and match.group() in set(_roundings(match.group(), value))


NUMBER = re.compile(r"[+−-]?\d[\d,]*(?:\.\d+)?(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")
"""A number as this project writes one."""


def _roundings(shown: str, value: float) -> Iterable[str]:
    """The ways in which this project writes `value` with as many decimals as `shown` has."""
    mantissa = shown.partition("×")[0]
    decimals = len(mantissa.partition(".")[2])
    ways = [way(value, digits) for digits in (2, 3, 4) for way in (significant, signed)]
    if decimals or abs(value) >= 10 or value == int(value):  # 1 for 1.2 would hide too much
        ways.append(fixed(value, decimals))
    for way in ways:
        yield way
        yield f"+{way}"
