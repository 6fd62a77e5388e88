"""Which cells run when: one at a time or several, each watched until it ends."""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from multiprocessing.connection import wait
from time import perf_counter

from studies.cells import Cell
from studies.memory import default_limit
from studies.processes import CellProcess
from studies.results import CellResult
from studies.schema import Study


@dataclass(frozen=True)
class Jobs:
    """How many cells run at once.

    Parameters
    ----------
    number
        That many.
    reason
        A sentence, if it is fewer than were asked for.
    """

    number: int
    reason: str = ""


@dataclass(frozen=True)
class EndedCell:
    """A cell that has ended.

    Parameters
    ----------
    cell, result
        Which, and how.
    seconds
        From the request for its process to its result.
    import_seconds
        What the imports took of the server that its process comes from.
    """

    cell: Cell
    result: CellResult
    seconds: float
    import_seconds: float = 0.0


def rotated(cells: Sequence[Cell]) -> list[Cell]:
    """The order to run cells in: each seed begins a data set with another of its estimators.

    What runs before an estimator may slow it: a processor is warm or its clock is throttled, a
    cache is full. In one order that would be the lot of the same estimator every time; here, over
    as many seeds as there are estimators, each stands in every place once. The first seed keeps
    the study's order.
    """
    found: list[Cell] = []
    for (seed, _), group in groupby(cells, key=lambda cell: (cell.seed, cell.dataset)):
        those = list(group)
        first = seed % len(those)
        found += [*those[first:], *those[:first]]
    return found


def granted_jobs(study: Study, asked: int) -> Jobs:
    """How many cells of a study run at once where `asked` are wished for.

    A timing study's run one at a time: cells that share a machine share its memory and its clock
    rate, and no bookkeeping takes that out of their times again. Otherwise, cells × threads may not
    exceed the processor's cores.
    """
    if asked == 1:
        return Jobs(1)
    if study.timing:
        return Jobs(
            1,
            f"This study compares times (timing = true): its runs go one at a time, not {asked}.",
        )
    most = max(1, available_cores() // study.threads)
    if asked <= most:
        return Jobs(asked)
    threads = f"{study.threads} thread{'s' if study.threads > 1 else ''}"
    return Jobs(
        most,
        f"Runs of {threads} each go {most} at a time, not {asked}: there are "
        f"{available_cores()} cores.",
    )


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_cells(
    cells: Sequence[Cell],
    jobs: int,
    *,
    on_begin: Callable[[Cell], None],
    on_step: Callable[[Cell, int, float], None],
) -> Generator[EndedCell, None, None]:
    """Run cells, begun in their order, and yield each as it ends.

    Close the iterator to end early: all processes are gone then. The process of a cell may still be
    closing down while the cell is yielded; the next one begins after that.

    Parameters
    ----------
    cells
        What to run.
    jobs
        How many at once.
    on_begin
        Called as a cell begins.
    on_step
        Told of the fits' progress.
    """
    waiting = deque(cells)
    running: dict[CellProcess, float] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.popleft()
                on_begin(cell)
                limit = cell.memory_limit or default_limit(jobs)
                began = perf_counter()
                running[CellProcess(cell, limit, partial(on_step, cell))] = began
            patience = min(process.patience for process in running)
            wait([process.connection for process in running], timeout=patience)
            for process in list(running):
                if (result := process.hear()) is not None:
                    seconds = perf_counter() - running[process]
                    yield EndedCell(process.cell, result, seconds, process.import_seconds)
                    process.end()
                    del running[process]
    finally:
        for process in running:
            process.end()
