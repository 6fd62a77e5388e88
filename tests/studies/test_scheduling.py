"""Which cells run at once, and where a run's time goes."""

from pathlib import Path

import pytest

from studies.accounts import Account
from studies.runner import run_plan
from studies.scheduling import Jobs, granted_jobs, rotated
from studies.study_files import load_study
from tests.studies.faults import Log, planned, write_study

pytestmark = pytest.mark.usefixtures("no_parity_gate")


def granted(tmp_path: Path, asked: int, *, timing: bool, threads: int = 1) -> Jobs:
    _, study = load_study(str(write_study(tmp_path, ["Sound"], timing=timing)))
    return granted_jobs(study.model_copy(update={"threads": threads}), asked)


def test_a_timing_study_goes_one_at_a_time_and_says_so(tmp_path: Path) -> None:
    assert granted(tmp_path, 1, timing=True) == Jobs(1)
    jobs = granted(tmp_path, 2, timing=True)
    assert jobs.number == 1
    assert "This study compares times" in jobs.reason
    assert "\n" not in jobs.reason


def test_jobs_times_threads_stay_within_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studies.scheduling.available_cores", lambda: 8)
    assert granted(tmp_path, 8, timing=False) == Jobs(8)
    assert granted(tmp_path, 4, timing=False, threads=2) == Jobs(4)
    capped = granted(tmp_path, 4, timing=False, threads=3)
    assert capped.number == 2
    assert "2 at a time, not 4: there are 8 cores" in capped.reason
    assert granted(tmp_path, 4, timing=False, threads=9).number == 1


def test_every_estimator_stands_in_every_place_once(tmp_path: Path) -> None:
    names = ["Hanging", "Sound", "Raising"]
    cells = planned(tmp_path / "study", names, seeds=4).cells
    order = rotated(cells)
    assert {cell.key for cell in order} == {cell.key for cell in cells}
    assert [cell.seed for cell in order] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    told = [[cell.estimator for cell in order[i : i + 3]] for i in range(0, 12, 3)]
    assert told[0] == told[3] == [cell.estimator for cell in cells[:3]]
    assert all(set(place) == set(names) for place in zip(*told[:3], strict=True))
    assert rotated([]) == []


@pytest.mark.usefixtures("no_report")
def test_cells_at_once_are_the_same_cells_with_the_same_scores_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studies.scheduling.available_cores", lambda: 2)
    plan = planned(tmp_path / "study", ["Hanging", "Sound", "Raising"], seeds=2, time_limit=4)
    alone, together = Log(), Log()
    first = run_plan(plan, tmp_path / "alone", alone, arguments=[])
    second = run_plan(plan, tmp_path / "together", together, arguments=[], jobs=2)
    assert (alone.at_once, together.at_once) == (1, 2)
    columns = ["key", "dataset", "estimator", "seed", "status"]
    assert first.store.cells()[columns].equals(second.store.cells()[columns])
    assert list(first.store.cells()["status"]) == ["timeout", "ok", "failed"] * 2
    one, two = (
        run.store.scores().query("unit != 'seconds' and unit != 'MB'")[["key", "metric", "value"]]
        for run in (first, second)
    )
    assert len(one) > 0
    assert one.equals(two)
    assert [run["jobs"] for run in second.store.runs().values()] == [2]
    assert first.store.runs()[1]["jobs"] == 1


@pytest.mark.usefixtures("no_report")
def test_every_phase_is_timed_and_the_account_adds_up(tmp_path: Path) -> None:
    plan = planned(tmp_path / "study", ["Sound"], seeds=2)
    done = run_plan(plan, tmp_path / "reports", Log(), arguments=[])
    scores = (
        done.store.scores()
        .query("split == ''")
        .pivot(index="key", columns="metric", values="value")
    )
    phases = ["start", "load", "shared_start", "warm_up", "fit", "progress", "evaluation"]
    seconds = scores[[f"{phase}_seconds" for phase in phases]]
    assert (seconds >= 0).all(axis=None)
    # On a machine that has nothing else to do it is some hundredths of a second. The bound allows
    # for one that is busy and still forbids imports, which take several seconds there.
    assert scores["start_seconds"].median() < 2
    assert done.account is not None
    record = done.store.runs()[1]["account"]
    assert record == done.account.record()
    assert record["import_seconds"] > 0
    assert record["cells"] == 2
    work = seconds[["fit_seconds", "progress_seconds", "evaluation_seconds"]].sum(axis=None)
    assert record["overhead_seconds"] == pytest.approx(record["wall_seconds"] - work)
    # Nothing is counted twice: what is timed apart fits into the wall time.
    assert sum(record["parts"].values()) <= record["wall_seconds"]
    assert f"{done.account.overhead / work:.1%} of fitting and evaluating" in (
        done.account.sentence()
    )


@pytest.mark.usefixtures("no_report")
def test_a_second_run_with_nothing_to_do_keeps_the_accounts(tmp_path: Path) -> None:
    plan = planned(tmp_path / "study", ["Sound"])
    first = run_plan(plan, tmp_path / "reports", Log(), arguments=[])
    before = first.store.runs()
    second = run_plan(plan, tmp_path / "reports", Log(), arguments=[])
    assert second.account is None
    assert second.store.runs() == before


def test_the_account_of_parallel_runs_counts_every_jobs_seconds() -> None:
    account = Account(wall=10, jobs=2, cells=3, parts={"fitting": 12, "evaluating": 4})
    assert (account.work, account.overhead) == (16, 4)
    assert "runner overhead 25.0% of fitting and evaluating (4.0 s of 16.0 s)" in (
        account.sentence()
    )
