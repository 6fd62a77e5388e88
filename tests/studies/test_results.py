"""The store: what goes in comes out, whole cells or nothing."""

import signal
import sqlite3
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from studies.results import CellResult, PlannedCell, ResultStore, Score, TracePoint
from suite.errors import InputError


def planned(key: str, seed: int = 0) -> PlannedCell:
    return PlannedCell(key, "iris", "em", seed, {"seed": seed})


def result(key: str, value: float = -1.5) -> CellResult:
    return CellResult(
        key,
        "ok",
        dataset_facts={"n_train": 3},
        scores=[Score("log_likelihood", "test", value), Score("fit_seconds", "", 0.25)],
        trace=[TracePoint(1, 0.1, "objective", "train", -2.0)],
        arrays={"picture": np.arange(6, dtype=np.uint8).reshape(2, 3)},
    )


@pytest.fixture
def store(tmp_path) -> ResultStore:
    store = ResultStore(tmp_path / "results.sqlite")
    store.write_plan({"title": "T"}, [planned("a"), planned("b", 1)], {"command": "c"})
    return store


def test_what_goes_in_comes_out(store: ResultStore) -> None:
    store.write_cell({"seed": 0}, result("a"))
    assert store.document() == {"title": "T"}
    assert store.provenance() == {"command": "c"}
    assert store.finished() == {"a"}
    cells = store.cells()
    assert list(cells["status"]) == ["ok", "not run"]
    assert cells["dataset_facts"][0] == {"n_train": 3}
    scores = store.scores()
    assert scores[["metric", "split", "value", "unit"]].values.tolist() == [
        ["fit_seconds", "", 0.25, "seconds"],
        ["log_likelihood", "test", -1.5, "nats per datum"],
    ]
    assert store.trace()[["step", "seconds", "value"]].values.tolist() == [[1, 0.1, -2.0]]
    picture = store.arrays("a")["picture"]
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_value_that_is_not_finite_stays_visible_as_nan(store: ResultStore) -> None:
    store.write_cell({}, result("a", value=float("inf")))
    values = store.scores().set_index("metric")["value"]
    assert np.isnan(values["log_likelihood"])


def test_a_second_result_replaces_the_first(store: ResultStore) -> None:
    store.write_cell({}, result("a", -1.0))
    store.write_cell({}, result("a", -2.0))
    scores = store.scores()
    assert scores.loc[scores["metric"] == "log_likelihood", "value"].tolist() == [-2.0]


def test_failed_cells_are_rows_but_not_finished(store: ResultStore) -> None:
    store.write_cell({}, CellResult("a", "failed", "ValueError: no", "Traceback …"))
    assert store.finished() == set()
    assert list(store.cells()["message"]) == ["ValueError: no", ""]


def test_a_smaller_plan_hides_results_and_prune_deletes_them(store: ResultStore) -> None:
    store.write_cell({}, result("a"))
    store.write_cell({}, result("b"))
    store.write_plan({"title": "T"}, [planned("b")], {})
    assert list(store.cells()["key"]) == ["b"]
    assert set(store.scores()["key"]) == {"b"}
    assert store.finished() == {"a", "b"}
    assert store.prune() == 1
    assert store.finished() == {"b"}


def test_an_error_in_the_middle_of_a_write_leaves_nothing(store: ResultStore) -> None:
    broken = CellResult("a", "ok", arrays={"bad": np.array([object()])})
    with pytest.raises(ValueError, match="Object arrays"):
        store.write_cell({}, broken)
    assert list(store.cells()["status"]) == ["not run", "not run"]


def test_kill_9_in_the_middle_of_a_write_leaves_nothing(store: ResultStore) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from studies.results import CellResult, ResultStore, Score

        class Deadly:
            def __array__(self, dtype=None, copy=None):
                os.kill(os.getpid(), signal.SIGKILL)

        scores = [Score("elbo", "test", 1.0)]
        result = CellResult("a", "ok", scores=scores, arrays={{"x": Deadly()}})
        ResultStore(Path({str(store.path)!r})).write_cell({{}}, result)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(store.cells()["status"]) == ["not run", "not run"]
    store.write_cell({}, result("a"))
    assert store.finished() == {"a"}


def test_reading_never_changes_the_file(store: ResultStore) -> None:
    store.write_cell({}, result("a"))
    before = store.path.read_bytes()
    store.cells(), store.scores(), store.trace(), store.arrays("a"), store.document()
    assert store.path.read_bytes() == before
    assert [p.name for p in store.path.parent.iterdir()] == ["results.sqlite"]


def test_missing_damaged_and_foreign_files_are_named(tmp_path) -> None:
    with pytest.raises(InputError, match="found none; run the study first"):
        ResultStore(tmp_path / "none.sqlite").cells()
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"no database at all, but long enough to be one" * 100)
    with pytest.raises(InputError, match="damaged"):
        ResultStore(damaged).cells()
    later = tmp_path / "later.sqlite"
    connection = sqlite3.connect(later)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match=r"version 1 or 2 .* found version 99"):
        ResultStore(later).cells()
    with pytest.raises(InputError, match=r"version 1 or 2 .* found version 99"):
        ResultStore(later).write_cell({}, result("a"))
