"""What a run shows while it goes: a live bar on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from studies.cells import Cell
from studies.results import CellResult


class Display(Protocol):
    """Told of everything that happens in a run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def begin(self, title: str, total: int, done: int) -> None:
        """A study of `total` cells begins; `done` of them are stored already."""

    def cell_begins(self, cell: Cell) -> None:
        """`cell` starts."""

    def step(self, cell: Cell, step: int, objective: float) -> None:
        """`cell` has done `step` steps; several cells may run at once."""

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        """`cell` is stored."""


def make_display(console: Console, *, quiet: bool = False) -> Display:
    """A live bar if `console` is a terminal, lines if not, nothing if `quiet`."""
    if quiet:
        return _Silent()
    return _Bars(console) if console.is_terminal else _Lines(console)


class _Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def begin(self, title: str, total: int, done: int) -> None:
        pass

    def cell_begins(self, cell: Cell) -> None:
        pass

    def step(self, cell: Cell, step: int, objective: float) -> None:
        pass

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        pass


class _Lines(_Silent):
    """One line a cell."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0

    def begin(self, title: str, total: int, done: int) -> None:
        self._done, self._total = done, total
        self._console.print(f"{title}: {total} runs, {done} of them stored already")

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        self._done += 1
        self._console.print(
            f"[{self._done}/{self._total}] {cell}: {outcome(result)}", markup=False, highlight=False
        )


class _Bars(_Silent):
    """A bar over the cells with what the current one is doing; failures as lines above it."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}"),
            console=console,
        )
        self._task = self._progress.add_task("", total=None, now="checking the data", visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, title: str, total: int, done: int) -> None:
        self._progress.update(
            self._task, description=title, total=total, completed=done, now="", visible=True
        )

    def cell_begins(self, cell: Cell) -> None:
        self._progress.update(self._task, now=str(cell))

    def step(self, cell: Cell, step: int, objective: float) -> None:
        self._progress.update(self._task, now=f"{cell}  {step}: {objective:.3f} nats")

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        self._progress.advance(self._task)
        if result.status != "ok":
            self._progress.console.print(f"{cell}: {outcome(result)}", markup=False)


def outcome(result: CellResult) -> str:
    """A result in a few words."""
    if result.status != "ok":
        return f"{result.status}: {result.message}"
    found = {(s.metric, s.split): s.value for s in result.scores}
    parts = [
        f"log p(x) {value:.3f}"
        for (metric, split), value in found.items()
        if metric == "log_likelihood" and split == "test"
    ]
    return ", ".join([*parts, f"{found[('fit_seconds', '')]:.2f} s"])
