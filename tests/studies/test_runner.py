"""Runs that go wrong, and runs that go on where another stopped."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from studies.cells import Cell
from studies.display import Outline, SilentDisplay, make_display
from studies.profiles import resolve
from studies.results import CellResult
from studies.runner import RunPlan, prepare, run_plan
from studies.study_files import parse_study
from studies.worker import run_cell
from suite.errors import InputError
from suite.gmm import EMGaussianMixture

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood", "fit_seconds"]
seeds = 2

[stopping]
tolerance = 1e-5
max_steps = 50

[datasets.faithful]
settings = { n_components = 2 }

[estimators.em]

[estimators.sklearn]
"""


class Log(SilentDisplay):
    """A display that remembers."""

    def __init__(self) -> None:
        self.run: list[tuple[str, str]] = []
        self.on_step = lambda step: None

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def begin(self, outline: Outline) -> None:
        self.total, self.done = outline.total, outline.done

    def cell_begins(self, cell: Cell) -> None:
        pass

    def step(self, cell: Cell, step: int, objective: float) -> None:
        self.on_step(step)

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        self.run.append((str(cell), result.status))


def planned(**changes: str) -> RunPlan:
    text = STUDY
    for old, new in changes.values() if changes else ():
        text = text.replace(old, new)
    return prepare(resolve(parse_study(text, "t.toml")), "t", "full", "cpu")


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Cells that run in this process set its thread count, as they may in their own."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def plan() -> RunPlan:
    return planned()


def test_a_second_run_does_nothing_and_changes_nothing(plan: RunPlan, tmp_path: Path) -> None:
    first, second = Log(), Log()
    done = run_plan(plan, tmp_path, first, arguments=["run", "t"])
    assert [status for _, status in first.run] == ["ok"] * 4
    assert done.failures == 0
    before = {p: p.read_bytes() for p in sorted(tmp_path.rglob("*")) if p.is_file()}
    run_plan(plan, tmp_path, second, arguments=["run", "t"])
    assert second.run == []
    assert (second.total, second.done) == (4, 4)
    after = {p: p.read_bytes() for p in sorted(tmp_path.rglob("*")) if p.is_file()}
    assert set(after) == set(before)
    assert [p.name for p in after if after[p] != before[p]] == []
    forced = Log()
    run_plan(plan, tmp_path, forced, arguments=["run", "t"], force=True)
    assert len(forced.run) == 4


@pytest.mark.usefixtures("no_report")
def test_a_missing_cell_alone_is_run(plan: RunPlan, tmp_path: Path) -> None:
    run_plan(replace(plan, cells=plan.cells[:3]), tmp_path, Log(), arguments=[])
    log = Log()
    run_plan(plan, tmp_path, log, arguments=[])
    assert log.run == [(str(plan.cells[3]), "ok")]


@pytest.mark.usefixtures("no_report")
def test_the_twins_see_the_same_data_and_reach_the_same_optimum(
    plan: RunPlan, tmp_path: Path
) -> None:
    done = run_plan(plan, tmp_path, Log(), arguments=[])
    scores = done.store.scores().query("metric == 'log_likelihood'")
    table = scores.pivot_table(index=["seed", "split"], columns="estimator", values="value")
    np.testing.assert_allclose(table["em"], table["sklearn"], rtol=1e-9)
    facts = done.store.cells()["dataset_facts"]
    assert facts[0]["content_hash"] == facts[1]["content_hash"]
    assert facts[0]["content_hash"] != facts[2]["content_hash"]


def test_a_cell_that_outlives_its_time_is_killed_and_stays_in_the_table(
    plan: RunPlan, tmp_path: Path
) -> None:
    cells = [replace(cell, time_limit=1e-3) for cell in plan.cells[:2]]
    began = time.monotonic()
    done = run_plan(replace(plan, cells=cells), tmp_path, Log(), arguments=[])
    assert time.monotonic() - began < 60
    assert list(done.store.cells()["status"]) == ["timeout", "timeout"]
    assert done.failures == 2
    assert "timeout" in done.report.read_text()
    again = Log()
    run_plan(plan, tmp_path, again, arguments=[])
    assert [status for _, status in again.run] == ["ok"] * 4


@pytest.mark.usefixtures("no_report")
def test_a_cell_whose_process_is_killed_stays_in_the_table(tmp_path: Path) -> None:
    slow = planned(
        change=("settings = { n_components = 2 }", "settings = { n_components = 2, tol = 0.0 }"),
        steps=("max_steps = 50", "max_steps = 1000000"),
    )
    log = Log()

    def kill_child(step: int) -> None:
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)

    log.on_step = kill_child
    done = run_plan(replace(slow, cells=slow.cells[:1]), tmp_path, log, arguments=[])
    (cell,) = done.store.cells().to_dict("records")
    assert cell["status"] == "killed"
    assert "SIGKILL" in cell["message"]


@pytest.mark.usefixtures("no_report")
def test_ctrl_c_leaves_what_was_stored_and_no_process(plan: RunPlan, tmp_path: Path) -> None:
    class Interrupting(Log):
        def cell_begins(self, cell: Cell) -> None:
            if len(self.run) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, tmp_path, Interrupting(), arguments=[])
    assert multiprocessing.active_children() == []
    log = Log()
    run_plan(plan, tmp_path, log, arguments=[])
    assert len(log.run) == 2


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (RuntimeError("out of luck"), "failed", "RuntimeError: out of luck"),
        (FloatingPointError("the loss is NaN"), "diverged", "the loss is NaN"),
        (MemoryError(), "memory", "MemoryError: "),
    ],
)
def test_an_error_becomes_a_row_with_its_traceback(
    plan: RunPlan, monkeypatch: pytest.MonkeyPatch, error: Exception, status: str, message: str
) -> None:
    def fail(self: object, X: object, y: object = None, *, callback: object = None) -> None:
        raise error

    monkeypatch.setattr(EMGaussianMixture, "fit", fail)
    result = run_cell(plan.cells[0], lambda step, objective: None)
    assert (result.status, result.message) == (status, message)
    assert "in fail" in result.traceback
    assert result.key == plan.cells[0].key


def test_a_result_that_is_not_finite_is_called_diverged(
    plan: RunPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = EMGaussianMixture.fit

    def spoil(self: EMGaussianMixture, X: object, y: object = None, *, callback: object = None):
        fit(self, X, callback=callback)
        self.lower_bound_ = float("nan")
        return self

    monkeypatch.setattr(EMGaussianMixture, "fit", spoil)
    result = run_cell(plan.cells[0], lambda step, objective: None)
    assert result.status == "diverged"
    assert "objective (train)" in result.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n_components = 2", "n_component = 2", "unknown setting 'n_component'; known: n_comp"),
        ("n_components = 2", "n_components = 1000", "n_components: expected a whole number from 1"),
        ("[datasets.faithful]", "[datasets.fathful]", "faithful"),
        (
            "[datasets.faithful]",
            "[datasets.faithful]\noptions = { sise = 3 }",
            "datasets.faithful.options.sise: unknown option; known:",
        ),
    ],
)
def test_what_cannot_run_is_refused_before_anything_starts(
    old: str, new: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        planned(change=(old, new))


@pytest.mark.usefixtures("no_report")
def test_lines_for_a_pipe(plan: RunPlan, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        console = Console(file=file, width=200)
        with make_display(console) as display:
            run_plan(plan, tmp_path / "reports", display, arguments=[])
    written = (tmp_path / "log").read_text().splitlines()
    lines = [line for line in written if not line.startswith("Other programs keep")]
    assert lines[0] == "t: 4 runs, 0 of them stored already"
    assert lines[1].startswith("[1/4] faithful / em / seed 0: log p(x) -")
    assert len(lines) == 5
