"""What a display is told, and the display that shows nothing."""

from types import TracebackType
from typing import Protocol, Self

from studies.cells import Cell
from studies.display.outline import Outline
from studies.results import CellResult


class Display(Protocol):
    """Told of everything that happens in a study's run; several cells may run at once."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def begin(self, outline: Outline) -> None:
        """A study begins."""

    def note(self, text: str) -> None:
        """A sentence about the run that its user should read."""

    def cell_begins(self, cell: Cell) -> None:
        """`cell` starts."""

    def step(self, cell: Cell, step: int, objective: float) -> None:
        """`cell`, which runs, has done `step` steps; `objective` is in nats per datum."""

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        """`cell` is stored."""


class SilentDisplay:
    """Shows nothing; what the others start from."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def begin(self, outline: Outline) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def cell_begins(self, cell: Cell) -> None:
        """Show nothing."""

    def step(self, cell: Cell, step: int, objective: float) -> None:
        """Show nothing."""

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        """Show nothing."""
