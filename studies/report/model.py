"""What a report is made of, whatever it is rendered to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Text:
    """A paragraph, in Markdown without headings."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of points, each in Markdown."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A table's column: its title, its unit ("" for none) and how it is set."""

    title: str
    unit: str = ""
    align: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class Entry:
    """A table's cell: the figure and, smaller below it, what qualifies it."""

    text: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it is shown, with the full figures behind it.

    Parameters
    ----------
    name
        Its file's name in tables/, without the suffix.
    caption
        What it holds, and what to see in it.
    columns, rows
        What is shown.
    frame
        What is saved: every figure unrounded.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Entry, ...], ...]
    frame: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure, not drawn yet.

    Parameters
    ----------
    name
        Its files' name in figures/, without the suffix.
    alt
        What it shows, for those who cannot see it.
    caption
        What to see in it.
    draw
        Draws it.
    pictures
        Whether it consists of images rather than of lines and points.
    """

    name: str
    alt: str
    caption: str
    draw: Callable[[], Canvas]
    pictures: bool = False


@dataclass(frozen=True)
class Listing:
    """Code as it stands in a file.

    Parameters
    ----------
    title
        What it does.
    source
        The module or modules it is from.
    code
        Python.
    """

    title: str
    source: str
    code: str


@dataclass(frozen=True)
class Listings:
    """Code side by side.

    Parameters
    ----------
    name
        Its own name in the report.
    caption
        What to see in it.
    items
        From left to right, or from top to bottom where there is no room.
    """

    name: str
    caption: str
    items: tuple[Listing, ...]


Block = Text | Bullets | Table | Figure | Listings


@dataclass(frozen=True, eq=False)
class Section:
    """A titled part of a report."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Answer:
    """The study's question answered from its figures: one sentence, and the rest of them."""

    headline: str
    details: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it as one paragraph."""
        return " ".join((self.headline, *self.details))


@dataclass(frozen=True, eq=False)
class Document:
    """A whole report."""

    title: str
    question: str
    answer: Answer
    sections: tuple[Section, ...]
