"""Runs what a study still lacks, each cell in a process of its own, each stored as it ends."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studies.cells import Cell, plan_cells
from studies.display import Display, make_outline
from studies.processes import ask
from studies.provenance import provenance
from studies.report import write_index, write_report
from studies.results import ResultStore
from studies.scheduling import granted_jobs, run_cells
from studies.schema import Study
from suite.errors import InputError


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
    kind, content = ask("preflight", cells)
    if kind == "error":
        raise InputError(content)
    return RunPlan(name, study, profile, content)


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
    """
    folder = out / plan.name
    store = ResultStore(folder / "results.sqlite")
    document = plan.study.model_dump() | {"name": plan.name, "profile": plan.profile}
    finished = set() if force else store.finished()
    todo = [cell for cell in plan.cells if cell.key not in finished]
    facts = provenance(arguments)
    if todo or store.is_blank() or _plan_changed(store, document, plan.cells):
        store.write_plan(document, [cell.planned() for cell in plan.cells], facts)
    display.begin(make_outline(plan.name, plan.cells, todo, store))
    number = granted_jobs(plan.study, jobs).number
    ending = run_cells(todo, number, on_begin=display.cell_begins, on_step=display.step)
    with closing(ending):
        for ended in ending:
            store.write_cell(ended.cell.description(), ended.result)
            display.cell_ends(ended.cell, ended.result)
    report = write_report(store, plan.name, folder)
    write_index(out)
    failures = int((~store.cells()["status"].isin(["ok", "unavailable"])).sum())
    return StudyRun(plan.name, store, report, failures)


def _plan_changed(store: ResultStore, document: dict[str, Any], cells: list[Cell]) -> bool:
    return list(store.cells()["key"]) != [cell.key for cell in cells] or (
        store.document() != document
    )
