"""The table that a run ends with: medians by data set and estimator, on terminals of any width."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_GAP = 2
_INDENT = 2
_HEADER_WIDTH = 8  # headers wrap at spaces to the width of the numbers, or to this


def summary_lines(frame: "pd.DataFrame", title: str, width: int) -> list[str]:
    """A study's main table as lines of at most `width` columns.

    A data set's name is a line of its own and its estimators are indented below it. Columns that
    do not fit beside each other follow below, so that no number is cut or wrapped.

    Parameters
    ----------
    frame
        From `studies.report.summary_table`.
    title
        The study's name.
    width
        Of the terminal; a label and one column of numbers are shown whole even if it is less.
    """
    if all(len(set(str(text).split("/"))) == 1 for text in frame["runs ok"]):
        frame = frame.drop(columns="runs ok")
        title = f"{title}: medians over seeds, all runs ended well"
    else:
        title = f"{title}: medians over seeds"
    numbers = [_column(str(name), list(frame[name].astype(str))) for name in frame.columns[2:]]
    labels = frame["data"].astype(str), frame["estimator"].astype(str)
    label_width = _INDENT + max(map(len, labels[1]), default=0)
    lines = wrap(title, width)
    for block in _blocks(numbers, width - label_width):
        lines += ["", *_block_lines(labels, block, label_width, width)]
    return lines


def _column(name: str, values: Sequence[str]) -> list[list[str]]:
    """[header lines, values], all of one width."""
    widest = max(map(len, values), default=0)
    room = max(widest, _HEADER_WIDTH)
    header = [
        part for line in name.split("\n") for part in wrap(line, room, break_long_words=False)
    ]
    width = max([widest, *map(len, header)])
    return [[text.rjust(width) for text in texts] for texts in (header, values)]


def _blocks(columns: list[list[list[str]]], width: int) -> list[list[list[list[str]]]]:
    """The columns in as few groups as fit into `width`."""
    blocks: list[list[list[list[str]]]] = []
    free = 0
    for column in columns:
        needed = _GAP + len(column[0][0])
        if not blocks or needed > free:
            blocks.append([])
            free = width
        blocks[-1].append(column)
        free -= needed
    return blocks


def _block_lines(
    labels: "tuple[pd.Series, pd.Series]",
    block: list[list[list[str]]],
    label_width: int,
    width: int,
) -> list[str]:
    gap = " " * _GAP
    height = max(len(header) for header, _ in block)
    padded = [[" " * len(h[0])] * (height - len(h)) + h for h, _ in block]
    lines = [
        " " * label_width + "".join(gap + header[i] for header in padded) for i in range(height)
    ]
    lines.append("─" * min(width, len(lines[0])))
    previous = None
    for i, (data, estimator) in enumerate(zip(*labels, strict=True)):
        if data != previous:
            lines += wrap(data, width)
            previous = data
        label = f"{' ' * _INDENT}{estimator}".ljust(label_width)
        lines.append(label + "".join(gap + values[i] for _, values in block))
    return lines
