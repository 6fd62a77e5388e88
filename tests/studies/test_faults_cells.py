"""Cells that go wrong: each fault, caused, becomes a row that says so, and ends that cell only."""

from pathlib import Path
from time import monotonic

import pytest

from studies.runner import run_plan
from tests.studies.faults import Log, gone, planned

pytestmark = pytest.mark.usefixtures("no_parity_gate")

FAULTS = {
    "Raising": ("failed", "ZeroDivisionError: nothing to divide by"),
    "Diverging": ("diverged", "not finite: objective (train)"),
    "Refused": ("memory", "Unable to allocate"),
    "RefusedByTorch": ("memory", "can't allocate memory"),
    "Greedy": ("memory", "MB beyond what its process started with; the limit is 300 MB"),
    "Segfaulting": ("killed", "SIGSEGV"),
    "Killed": ("killed", "SIGKILL"),
    "KilledInSending": ("killed", "SIGKILL"),
    "Leaving": ("failed", "its process ended by itself with exit code 7"),
    "Exiting": ("failed", "SystemExit: enough"),
}


def test_every_fault_is_a_row_and_the_next_cell_runs(tmp_path: Path) -> None:
    plan = planned(tmp_path / "study", [*FAULTS, "Sound"], memory_limit=300)
    done = run_plan(plan, tmp_path / "reports", Log(), arguments=[])
    cells = done.store.cells().set_index("estimator")
    found = {name: (cells["status"][name], cells["message"][name]) for name in FAULTS}
    for name, (status, message) in FAULTS.items():
        assert found[name][0] == status, (name, found[name])
        assert message in found[name][1], (name, found[name])
    assert cells["status"]["Sound"] == "ok"
    assert done.failures == len(FAULTS)
    for name in ("Raising", "Refused", "RefusedByTorch", "Greedy", "Segfaulting", "Exiting"):
        assert "in fit" in cells["traceback"][name], (name, cells["traceback"][name])
    assert set(cells["seed"]) == {0}
    report = done.report.read_text()
    for name, (status, _) in FAULTS.items():
        assert name in report
        assert status in report


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(("name", "where"), [("Hanging", "fit"), ("HangingLater", "_evaluate")])
def test_a_cell_that_hangs_is_killed_in_fitting_and_in_scoring_and_says_where_it_was(
    tmp_path: Path, name: str, where: str
) -> None:
    plan = planned(tmp_path / "study", [name], time_limit=4)
    began = monotonic()
    log = Log()
    done = run_plan(plan, tmp_path / "reports", log, arguments=[])
    assert monotonic() - began < 60  # it would hang for ten minutes
    (cell,) = done.store.cells().to_dict("records")
    assert (cell["status"], cell["message"]) == ("timeout", "killed after 4 s")
    assert f"in {where}" in cell["traceback"]
    assert str(Path.home()) not in cell["traceback"]


@pytest.mark.usefixtures("no_report")
def test_what_a_cell_has_started_ends_with_it(tmp_path: Path) -> None:
    plan = planned(tmp_path / "study", ["Napping"], time_limit=5)
    done = run_plan(plan, tmp_path / "reports", Log(), arguments=[])
    (cell,) = done.store.cells().to_dict("records")
    assert cell["status"] == "timeout", cell["traceback"]
    numbers = [int(text) for text in (tmp_path / "study" / "started").read_text().split()]
    assert len(numbers) == 2
    assert gone(numbers)
