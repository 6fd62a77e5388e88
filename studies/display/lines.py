"""The display for pipes and log files: a line a cell, out at once."""

from rich.console import Console

from studies.cells import Cell
from studies.display.outline import Outline
from studies.display.protocol import SilentDisplay
from studies.display.words import outcome
from studies.report.words import counted
from studies.results import CellResult


class LineDisplay(SilentDisplay):
    """One line as a study begins, one as each of its cells ends.

    Parameters
    ----------
    console
        Where the lines go. Each is flushed, so that `tail -f` shows it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0

    def begin(self, outline: Outline) -> None:
        """Say how many runs there are."""
        self._done, self._total = outline.done, outline.total
        runs = counted(outline.total, "run")
        self._line(f"{outline.study}: {runs}, {outline.done} of them stored already")

    def note(self, text: str) -> None:
        """Say it."""
        self._line(text)

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        """Say how `cell` ended."""
        self._done += 1
        self._line(f"[{self._done}/{self._total}] {cell}: {outcome(result)}")

    def _line(self, text: str) -> None:
        # One line a cell is what programs that read a log count on: no wrapping.
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()
