"""Runs what a study still lacks, each cell in a process of its own, each stored as it ends."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from studies.accounts import Account, Bookkeeper
from studies.cells import Cell, plan_cells
from studies.display import Display, make_outline
from studies.locking import only_runner
from studies.origins import busy_share, mixed_origins
from studies.parity import run_gate
from studies.processes import ask, preload
from studies.provenance import provenance
from studies.report import write_index, write_report
from studies.results import NO_FAILURE, ResultStore
from studies.scheduling import Jobs, granted_jobs, rotated, run_cells
from studies.schema import Study
from suite.errors import InputError

_MUCH_OTHER_WORK = 0.25  # of the machine's cores


@dataclass(frozen=True)
class StudyRun:
    """What a run left.

    `failures` counts the cells that did not end well; to lack an optional package is no failure.
    `account` says where the time went; it is None if there was nothing to run.
    """

    name: str
    store: ResultStore
    report: Path
    failures: int
    account: Account | None = None


@dataclass(frozen=True)
class RunPlan:
    """A study that has passed every check and can start."""

    name: str
    study: Study
    profile: str
    cells: list[Cell]
    checking_seconds: float = 0.0


def prepare(study: Study, name: str, profile: str, device: str) -> RunPlan:
    """Check a resolved study against its data without writing anything.

    Raises
    ------
    InputError
        If a setting, a data set or the device cannot be used.
    """
    began = perf_counter()
    cells = plan_cells(study, name, device)
    preload(cell.spec for cell in cells)
    kind, content = ask("preflight", cells)
    if kind == "error":
        raise InputError(content)
    return RunPlan(name, study, profile, content, perf_counter() - began)


def run_plan(
    plan: RunPlan,
    out: Path,
    display: Display,
    *,
    arguments: list[str],
    force: bool = False,
    jobs: int = 1,
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
    jobs
        How many cells to run at once, where the study allows it (`studies.scheduling`).

    Raises
    ------
    InputError
        If another runner is at work in the study's folder, or what is stored there is no store.
    OSError
        If something cannot be written; what is stored is whole.
    """
    folder = out / plan.name
    granted = granted_jobs(plan.study, jobs)
    with only_runner(folder):
        store = ResultStore(folder / "results.sqlite")
        todo = _to_do(store, plan, force)
        facts = provenance(arguments, granted.number)
        _write_plan(store, plan, facts, todo)
        display.begin(make_outline(plan.name, plan.cells, todo, store))
        for note in _notes(store, plan, todo, facts, granted):
            display.note(note)
        began = perf_counter()
        run_gate(plan.cells, store, force=force, note=display.note)
        checking = plan.checking_seconds + perf_counter() - began
        bookkeeper = Bookkeeper(granted.number, checking)
        if todo:
            run = store.begin_run(facts)
            _run_all(store, todo, run, granted.number, display, bookkeeper)
        with bookkeeper.reporting():
            report = _write_reports(store, plan.name, out)
        account = bookkeeper.account() if todo else None
        if account:
            store.end_run(run, account.record())
    failures = int((~store.cells()["status"].isin(NO_FAILURE)).sum())
    return StudyRun(plan.name, store, report, failures, account)


def _to_do(store: ResultStore, plan: RunPlan, force: bool) -> list[Cell]:
    finished = set() if force else store.finished()
    return rotated([cell for cell in plan.cells if cell.key not in finished])


def _write_plan(store: ResultStore, plan: RunPlan, facts: dict[str, Any], todo: list[Cell]) -> None:
    document = plan.study.model_dump() | {"name": plan.name, "profile": plan.profile}
    if todo or store.is_blank() or _plan_changed(store, document, plan.cells):
        store.write_plan(document, [cell.planned() for cell in plan.cells], facts)


def _run_all(
    store: ResultStore,
    todo: list[Cell],
    run: int,
    jobs: int,
    display: Display,
    bookkeeper: Bookkeeper,
) -> None:
    ending = run_cells(todo, jobs, on_begin=display.cell_begins, on_step=display.step)
    with closing(ending):
        for ended in ending:
            bookkeeper.note(ended)
            whence = {**ended.result.provenance, "run": run}
            with bookkeeper.storing():
                store.write_cell(ended.cell.description(), replace(ended.result, provenance=whence))
            display.cell_ends(ended.cell, ended.result)


def _notes(
    store: ResultStore, plan: RunPlan, todo: list[Cell], facts: dict[str, Any], granted: Jobs
) -> Iterator[str]:
    """What the user should know before the cells run."""
    if granted.reason:
        yield granted.reason
    if not plan.study.timing:
        return
    replaced = {cell.key for cell in todo}
    mixed = mixed_origins(store, replaced, facts if todo else None)
    if mixed:
        yield mixed
    if todo and (busy := busy_share()) > _MUCH_OTHER_WORK:
        yield (
            f"Other programs keep {busy:.0%} of this machine's cores busy: "
            "the times of this run will be longer and less certain."
        )


def _write_reports(store: ResultStore, name: str, out: Path) -> Path:
    try:
        report = write_report(store, name, out / name)
        write_index(out)
    except OSError as error:
        raise OSError(
            f"could not write the report of {name}: {error.strerror or error}; every result is "
            f"stored: free some space, then `studies report {name} --out {out}`."
        ) from error
    return report


def _plan_changed(store: ResultStore, document: dict[str, Any], cells: list[Cell]) -> bool:
    return list(store.cells()["key"]) != [cell.key for cell in cells] or (
        store.document() != document
    )
