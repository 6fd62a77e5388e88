"""Runs what a study still lacks: one process a cell, one cell at a time, each stored as it ends."""

import multiprocessing
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from time import monotonic
from typing import Any

from studies.cells import Cell, plan_cells
from studies.display import Display, make_outline
from studies.provenance import provenance, without_paths
from studies.report import write_index, write_report
from studies.results import CellResult, ResultStore, Status
from studies.schema import Study
from suite.errors import InputError

_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class StudyRun:
    """What a run left.

    `failures` counts the cells that did not end well; to lack an optional package is no failure.
    """

    name: str
    store: ResultStore
    report: Path
    failures: int


@dataclass(frozen=True)
class RunPlan:
    """A study that has passed every check and can start."""

    name: str
    study: Study
    profile: str
    cells: list[Cell]


def prepare(study: Study, name: str, profile: str, device: str) -> RunPlan:
    """Check a resolved study against its data without writing anything.

    Raises
    ------
    InputError
        If a setting, a data set or the device cannot be used.
    """
    cells = plan_cells(study, name, device)
    kind, content = _ask(_context(), "serve_preflight", cells)
    if kind == "error":
        raise InputError(content)
    return RunPlan(name, study, profile, content)


def run_plan(
    plan: RunPlan, out: Path, display: Display, *, arguments: list[str], force: bool = False
) -> StudyRun:
    """Run the cells that are not stored yet, then write the report.

    Parameters
    ----------
    plan
        From `prepare`.
    out
        The folder of all reports; this study's is `out / plan.name`.
    display
        Told of everything that happens.
    arguments
        The command line, for the report.
    force
        Run all cells again.
    """
    folder = out / plan.name
    store = ResultStore(folder / "results.sqlite")
    document = plan.study.model_dump() | {"name": plan.name, "profile": plan.profile}
    finished = set() if force else store.finished()
    todo = [cell for cell in plan.cells if cell.key not in finished]
    facts = provenance(arguments)
    if todo or not store.path.exists() or _plan_changed(store, document, plan.cells):
        store.write_plan(document, [cell.planned() for cell in plan.cells], facts)
    display.begin(make_outline(plan.name, plan.cells, todo, store))
    context = _context()
    for cell in todo:
        display.cell_begins(cell)
        result = _run_in_process(context, cell, partial(display.step, cell))
        store.write_cell(cell.description(), result)
        display.cell_ends(cell, result)
    report = write_report(store, plan.name, folder)
    write_index(out)
    failures = int((~store.cells()["status"].isin(["ok", "unavailable"])).sum())
    return StudyRun(plan.name, store, report, failures)


def _plan_changed(store: ResultStore, document: dict[str, Any], cells: list[Cell]) -> bool:
    return list(store.cells()["key"]) != [cell.key for cell in cells] or (
        store.document() != document
    )


def _context() -> ForkServerContext:
    """Processes forked from a server that has done the heavy imports once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["studies.worker"])
    return context


def _run_in_process(
    context: ForkServerContext, cell: Cell, step: Callable[[int, float], None]
) -> CellResult:
    """The result of `cell`, also if its process dies or outlives its time."""
    process, connection = _start(context, "serve_cell", cell)
    deadline = monotonic() + cell.time_limit
    try:
        while True:
            if not connection.poll(max(0.0, deadline - monotonic())):
                return _lost(cell, "timeout", f"killed after {cell.time_limit:g} s")
            kind, *content = connection.recv()
            if kind == "result":
                result: CellResult = content[0]
                return replace(result, traceback=without_paths(result.traceback))
            step(*content)
    except EOFError:
        process.join(_GRACE_SECONDS)
        return _lost(cell, "killed", f"its process ended with exit code {process.exitcode}")
    finally:
        _end(process, connection)


def _lost(cell: Cell, status: Status, message: str) -> CellResult:
    return CellResult(cell.key, status, message)


def _ask(context: ForkServerContext, function: str, argument: Any) -> tuple[str, Any]:
    process, connection = _start(context, function, argument)
    try:
        answer: tuple[str, Any] = connection.recv()
        return answer
    except EOFError:
        raise RuntimeError("the process that checks a study ended without an answer") from None
    finally:
        _end(process, connection)


def _start(
    context: ForkServerContext, function: str, argument: Any
) -> tuple[ForkServerProcess, Connection]:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(function, argument, sender), daemon=True)
    process.start()
    sender.close()
    return process, receiver


def _serve(function: str, argument: Any, connection: Connection) -> None:
    """The entry point of every process; what it imports is loaded in the server already."""
    from sklearn.exceptions import ConvergenceWarning

    from studies import worker

    # Whether a fit converged is in its results; a warning between the lines of a run is noise.
    warnings.simplefilter("ignore", ConvergenceWarning)
    with suppress(BrokenPipeError):  # the parent is gone: nobody wants the answer any more
        getattr(worker, function)(argument, connection)
    connection.close()


def _end(process: ForkServerProcess, connection: Connection) -> None:
    connection.close()
    process.join(_GRACE_SECONDS if not process.is_alive() else 0.2)
    if process.is_alive():
        process.kill()
        process.join()
