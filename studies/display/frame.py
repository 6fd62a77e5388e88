"""One frame of the live table: a run's state in as many lines and columns as there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from studies.display.state import Best, EndedCell, RunningCell, RunState
from studies.display.words import about, clock, tallied

_MOST_LINES = 32
_NARROW = 64  # columns; below, what can be done without is left out
_LATEST = 5
_CLOSING_FAILURES = 10
_HEAD_LINES = 2
_INDENT = 2
_GAP = 2


@dataclass(frozen=True)
class _Part:
    """A titled list of rows, the first cell of each a name that may be cut short."""

    title: str
    rows: Sequence[tuple[Text, ...]]
    cut_last: bool = False


def frame(state: RunState, *, width: int, height: int) -> RenderableType:
    """The run as it stands: at most `height` − 1 lines of at most `width` columns.

    Running cells come first, then failures, the best so far and the latest to end; what does not
    fit is counted in the last line of its part.
    """
    wide = width >= _NARROW
    parts = [part for make in _PARTS if (part := make(state, wide)).rows]
    lines = min(height - 1, _MOST_LINES) - _HEAD_LINES
    parts = parts[: max(0, lines // 2)]  # a title and a row each, or not at all
    shares = allot(lines - len(parts), [len(part.rows) for part in parts])
    shown = [_drawn(part, share, width) for part, share in zip(parts, shares, strict=True)]
    head = [_first_line(state, width), Text(_second_line(state), no_wrap=True, overflow="ellipsis")]
    return Group(*head[: max(1, height - 1)], *shown)


def allot(lines: int, wanted: Sequence[int]) -> list[int]:
    """How many of `lines` each part gets: one each in turn, until it has what it wants.

    Examples
    --------
    >>> allot(10, [2, 20, 3])
    [2, 5, 3]
    >>> allot(2, [4, 4, 4])
    [1, 1, 0]
    """
    shares = [0] * len(wanted)
    while lines > 0 and shares != list(wanted):
        hungry = [i for i, share in enumerate(shares) if share < wanted[i]]
        for i in islice(hungry, lines):
            shares[i] += 1
        lines -= len(hungry)
    return shares


def shortened(name: str, width: int) -> str:
    """`name` in at most `width` letters, those left out from its middle: both ends tell it apart.

    Examples
    --------
    >>> shortened("blobs n_components=8 / em / seed 3", 21)
    'blobs n_co…m / seed 3'
    """
    if len(name) <= width:
        return name
    end = (width - 1) // 2
    return f"{name[: width - 1 - end]}…{name[len(name) - end :]}"


def closing_lines(state: RunState) -> list[Text]:
    """What stays on the terminal when the table is gone: the count, and which runs failed."""
    failures = state.failures
    done = f"{state.done} of {state.outline.total} runs done"
    counts = f" ({tallied(state.counts)})" if state.done else ""
    lines = [Text(f"{state.outline.study}: {done}{counts}, {clock(state.seconds_gone)}")]
    lines += [
        Text.assemble(f"  {ended.cell}: ", (ended.words, "red"))
        for ended in failures[:_CLOSING_FAILURES]
    ]
    if len(failures) > _CLOSING_FAILURES:
        lines.append(Text(f"  … and {len(failures) - _CLOSING_FAILURES} more; see the report"))
    return lines


def _first_line(state: RunState, width: int) -> RenderableType:
    outline = state.outline
    left = "" if width < _NARROW else f"  {_time_left(state)}"
    time = Text(f"{state.done}/{outline.total}  {clock(state.seconds_gone)}{left}", no_wrap=True)
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, min_width=min(len(time), width - 8))
    bar = ProgressBar(total=max(outline.total, 1), completed=state.done)
    line.add_row(Text(outline.study or "…", style="bold"), bar, time)
    return line


def _second_line(state: RunState) -> str:
    if not state.outline.study:
        return "reading what is stored"
    if not state.running and not state.waiting:
        return f"{tallied(state.counts)}; writing the report"
    return f"{tallied(state.counts)}, {len(state.running)} running, {state.waiting} waiting"


def _time_left(state: RunState) -> str:
    if not state.running and not state.waiting:
        return ""
    seconds = state.seconds_left()
    return "time left unknown" if seconds is None else f"{about(seconds)} left"


def _running(state: RunState, wide: bool) -> _Part:
    return _Part("running", [_running_row(state, r, wide) for r in state.running.values()])


def _running_row(state: RunState, running: RunningCell, wide: bool) -> tuple[Text, ...]:
    begun = running.step is not None
    step = f"step {running.step}" if begun else "starting"
    objective = f"{running.objective:.3f} nats" if begun else ""
    seconds = clock(state.running_for(running))
    return _texts(str(running.cell), step, *([objective] if wide else []), seconds)


def _failed(state: RunState, wide: bool) -> _Part:
    rows = [_failed_row(ended, wide) for ended in reversed(state.failures)]
    return _Part("not ended well", rows, cut_last=wide)


def _failed_row(ended: EndedCell, wide: bool) -> tuple[Text, ...]:
    return Text(str(ended.cell)), Text(ended.words if wide else ended.status, style="red")


def _best(state: RunState, wide: bool) -> _Part:
    return _Part("best so far, held out", [_best_row(b, wide) for b in state.best.values()])


def _best_row(best: Best, wide: bool) -> tuple[Text, ...]:
    value = f"{best.label} {best.value:.3f}"
    by = f"{best.cell.estimator}, seed {best.cell.seed}"
    return _texts(best.name, *([by] if wide else []), value)


def _latest(state: RunState, wide: bool) -> _Part:
    ended = [cell for cell in reversed(state.ended) if cell.status == "ok"][:_LATEST]
    return _Part("latest", [_latest_row(cell, wide) for cell in ended])


def _latest_row(ended: EndedCell, wide: bool) -> tuple[Text, ...]:
    words, _, seconds = ended.words.rpartition(", ")
    return _texts(str(ended.cell), *([words] if wide else []), seconds)


def _texts(*words: str) -> tuple[Text, ...]:
    return tuple(Text(word) for word in words)


_PARTS: tuple[Callable[[RunState, bool], _Part], ...] = (_running, _failed, _best, _latest)


def _drawn(part: _Part, lines: int, width: int) -> RenderableType:
    """A part in one line for its title and `lines` more, the last a count of what is left out."""
    cut = 1 < lines < len(part.rows)
    rows = part.rows[: lines - 1 if cut else lines]
    table = Table.grid(padding=(0, _GAP), expand=True)
    # Names and messages may lose some letters; a number that did would be another number.
    widths = [max(len(row[i]) for row in rows) for i in range(1, len(rows[0]))]
    if part.cut_last:
        widths[-1] = min(widths[-1], (width - _GAP) // 2)
    name_width = max(1, width - _INDENT - sum(widths) - _GAP * len(widths))
    table.add_column(no_wrap=True, ratio=1)
    for i, column in enumerate(widths):
        last_cut = part.cut_last and i == len(widths) - 1
        justify: Literal["left", "right"] = "left" if last_cut else "right"
        table.add_column(no_wrap=True, overflow="ellipsis", justify=justify, width=column)
    for row in rows:
        table.add_row(Text(" " * _INDENT + shortened(row[0].plain, name_width)), *row[1:])
    title = Text(part.title, style="dim", no_wrap=True)
    more = f"{' ' * _INDENT}… and {len(part.rows) - len(rows)} more"
    return Group(title, table, *([Text(more, style="dim")] if cut else []))
