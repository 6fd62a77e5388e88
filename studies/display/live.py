"""The display for terminals: a table that is redrawn in place."""

from threading import RLock
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from studies.cells import Cell
from studies.display.frame import closing_lines, frame
from studies.display.outline import Outline
from studies.display.protocol import SilentDisplay
from studies.display.state import RunState
from studies.results import CellResult

# Redrawing takes a few milliseconds of a core that a fit may be timed on: twice a second is 1%.
_REFRESHES_PER_SECOND = 2


class LiveDisplay(SilentDisplay):
    """What runs, the latest to end, failures, and the best so far, with the time gone and left.

    It takes no more lines and columns than the terminal has, asked at every redraw, and leaves a
    line or two that say how the study ended. The cursor is back however the run ends.

    Parameters
    ----------
    console
        A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = RunState()
        self._begun = False
        self._lock = RLock()  # a thread of rich's redraws while the run tells of its cells
        self._live = Live(
            console=console,
            get_renderable=self._frame,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if self._begun:
            for line in closing_lines(self._state):
                self._console.print(line, soft_wrap=True)

    def begin(self, outline: Outline) -> None:
        """Start the clock and count what is stored."""
        with self._lock:
            self._begun = True
            self._state.begin(outline)

    def note(self, text: str) -> None:
        """Print it above the table."""
        self._console.print(text, markup=False, highlight=False)

    def cell_begins(self, cell: Cell) -> None:
        """Show `cell` among those that run."""
        with self._lock:
            self._state.cell_begins(cell)

    def step(self, cell: Cell, step: int, objective: float) -> None:
        """Show where `cell` is."""
        with self._lock:
            self._state.step(cell, step, objective)

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        """Show `cell` among the latest, or the failures."""
        with self._lock:
            self._state.cell_ends(cell, result)

    def _frame(self) -> RenderableType:
        with self._lock:
            size = self._console.size
            return frame(self._state, width=size.width, height=size.height)
