"""The store under faults that are caused for real: killed in a write, a full disk, odd files."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studies.origins import mixed_origins, origins
from studies.results import CellResult, PlannedCell, ResultStore, Score
from studies.runner import run_plan
from suite.errors import InputError
from tests.studies.faults import Log, planned

N_CELLS = 400
WRITER = textwrap.dedent(
    """
    import sys, zlib
    from pathlib import Path
    import numpy as np
    from studies.results import CellResult, ResultStore, Score

    compress = zlib.compress
    zlib.compress = lambda content, level: compress(content, 0)  # what takes long is to write

    store = ResultStore(Path(sys.argv[1]))
    rng = np.random.default_rng(0)
    print("ready", flush=True)
    for i in range(int(sys.argv[2])):
        if f"{i}" not in store.finished():
            arrays = {"noise": rng.normal(size=1_000_000)}  # 8 MB, more than SQLite's cache
            store.write_cell({}, CellResult(f"{i}", "ok", scores=[Score("elbo", "test", i)],
                                            arrays=arrays))
    """
)


def plan_of(n: int) -> list[PlannedCell]:
    return [PlannedCell(f"{i}", "iris", "em", i, {}) for i in range(n)]


def test_kill_9_at_any_moment_of_writing_leaves_whole_cells_only(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results.sqlite")
    store.write_plan({"title": "T"}, plan_of(N_CELLS), {})
    cut_short = 0
    delays = np.random.default_rng(0).uniform(0.02, 0.3, size=6)
    process = None
    for delay in delays:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.path), str(N_CELLS)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        journal = store.path.with_name("results.sqlite-journal")
        cut_short += journal.exists() and journal.stat().st_size > 0
        store.cells()  # the first to open it, and only to read: it must still succeed
        done = store.finished()
        with sqlite3.connect(store.path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            for table in ("scores", "arrays"):
                keys = {key for (key,) in connection.execute(f"SELECT key FROM {table}")}
                assert keys == done  # no cell without its values, no values without their cell
    assert cut_short > 0  # at least one was in the middle of a write
    assert 0 < len(done) < N_CELLS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB, where the system lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def big(key: str) -> CellResult:
    rng = np.random.default_rng(int(key))
    scores = [Score("elbo", "test", 1.0)]
    return CellResult(key, "ok", scores=scores, arrays={"noise": rng.normal(size=20_000)})


def write_all(store: ResultStore, n: int) -> None:
    for i in range(n):
        store.write_cell({}, big(f"{i}"))


def fill(path: Path) -> None:
    with open(path, "wb") as filling:
        while True:
            filling.write(bytes(4096))
            filling.flush()


def test_a_full_disk_is_one_clear_message_and_leaves_the_store_whole(small_disk: Path) -> None:
    store = ResultStore(small_disk / "results.sqlite")
    store.write_plan({"title": "T"}, plan_of(9), {})
    told = pytest.raises(OSError, match=r"free some space.* then run the study again, which does")
    with told:
        write_all(store, 9)  # 150 kB each
    kept = store.finished()
    assert 0 < len(kept) < 9
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.usefixtures("no_parity_gate")
def test_a_report_that_finds_the_disk_full_leaves_the_old_one(
    small_disk: Path, tmp_path: Path
) -> None:
    plan = planned(tmp_path / "study", ["Sound"])
    done = run_plan(plan, small_disk, Log(), arguments=[])
    before = {p: p.read_bytes() for p in done.report.parent.rglob("*") if p.is_file()}
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "filling")
    with pytest.raises(OSError, match=r"every result is stored: free some space, then `studies re"):
        run_plan(plan, small_disk, Log(), arguments=[])
    after = {p: p.read_bytes() for p in done.report.parent.rglob("*") if p.is_file()}
    assert after == before
    (small_disk / "filling").unlink()
    assert run_plan(plan, small_disk, Log(), arguments=[]).report == done.report


def old_store(path: Path) -> ResultStore:
    """A store as version 1 wrote it: no runs, and cells that do not say what they ran on."""
    store = ResultStore(path)
    facts = {
        "machine": {"system": "Linux x86_64", "processor": "Old", "cores": 4},
        "versions": {"python": "3.11", "torch": "2.6"},
    }
    store.write_plan({"title": "T"}, plan_of(2), facts)
    store.write_cell({}, big("0"))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE runs")
        connection.execute("PRAGMA user_version = 1")
    return store


def test_a_store_of_version_1_is_read_as_it_is_and_brought_up_to_date_by_a_write(
    tmp_path: Path,
) -> None:
    store = old_store(tmp_path / "results.sqlite")
    before = store.path.read_bytes()
    assert store.finished() == {"0"}
    assert store.runs() == {}
    (old,) = origins(store)
    assert (old.machine, old.versions, old.runs) == (
        "Linux x86_64, Old, 4 cores",
        "python 3.11, torch 2.6",
        1,
    )
    assert store.path.read_bytes() == before
    new = {"machine": {"system": "s", "processor": "New", "cores": 8}, "versions": {"torch": "3"}}
    store.write_plan({"title": "T"}, plan_of(2), new)  # says nothing of the old cell any more
    run = store.begin_run(new)
    store.write_cell({}, CellResult("1", "ok", provenance={"run": run}))
    assert {(o.machine, o.runs) for o in origins(store)} == {
        ("Linux x86_64, Old, 4 cores", 1),
        ("s, New, 8 cores", 1),
    }
    assert "1 on Linux x86_64, Old, 4 cores with python 3.11" in mixed_origins(store, (), None)
    assert mixed_origins(store, ["0"], new) == ""


def test_what_is_no_store_is_named_in_one_line_and_not_touched(tmp_path: Path) -> None:
    whole = old_store(tmp_path / "whole.sqlite").path.read_bytes()
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    cases = {
        "another program's file": foreign.read_bytes(),
        "damaged": whole[:100] + bytes(len(whole) - 100),
        "is damaged": whole[: len(whole) // 2],
    }
    for message, content in cases.items():
        path = tmp_path / "odd.sqlite"
        path.write_bytes(content)
        for use in (
            lambda store: store.cells(),
            lambda store: store.write_plan({}, plan_of(1), {}),
        ):
            with pytest.raises(InputError, match=f"(?s){message}.*move it away") as error:
                use(ResultStore(path))
            assert "\n" not in str(error.value)
            assert path.read_bytes() == content


def test_a_store_whose_first_write_was_cut_short_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    path.touch()
    assert ResultStore(path).finished() == set()
    with pytest.raises(InputError, match="found none"):
        ResultStore(path).cells()
    ResultStore(path).write_plan({"title": "T"}, plan_of(1), {})
    assert ResultStore(path).document() == {"title": "T"}


@pytest.mark.usefixtures("no_parity_gate", "no_report")
def test_data_that_change_while_a_study_runs_are_told(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = np.random.default_rng(0).normal(size=(60, 2)).round(6)
    np.savetxt(table, rows, delimiter=",", header="a,b", comments="")
    study = tmp_path / "study"
    plan = planned(study, ["Sound"], data=str(table))
    np.savetxt(table, rows + 1, delimiter=",", header="a,b", comments="")
    done = run_plan(plan, tmp_path / "reports", Log(), arguments=[])
    (cell,) = done.store.cells().to_dict("records")
    assert cell["status"] == "failed"
    assert "have changed since; run the study again" in cell["message"]
    assert json.dumps(cell["description"])  # the row still says what was to be run
    again = planned(study, ["Sound"], data=str(table))
    assert again.cells[0].key != plan.cells[0].key  # other data make another cell
    os.truncate(table, table.stat().st_size // 2 - 3)
    with pytest.raises(InputError, match=r"expected .* table.csv") as error:
        planned(study, ["Sound"], data=str(table))
    assert "\n" not in str(error.value)
