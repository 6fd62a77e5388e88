"""CSV and Parquet give back what is stored: every value, every failure, every NaN."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies.exporting import export_study
from studies.report.loaded import StudyResults
from studies.results import CellResult, PlannedCell, ResultStore, Score, TracePoint
from suite.errors import InputError
from tests.studies.display.cells import make_cell

NUMBERS = ("value", "seconds")


def read_csv(path: Path) -> pd.DataFrame:
    """Names such as "NA" and empty texts are texts; only a number that is not there is NaN."""
    missing = {name: [""] for name in NUMBERS}
    seeds = dict.fromkeys(("data_seed", "start_seed"), "Int64")
    return pd.read_csv(path, keep_default_na=False, na_values=missing, dtype=seeds)


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {"csv": read_csv, "parquet": pd.read_parquet}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    """Runs that ended well, diverged with a value, failed with none, and were not run."""
    store = ResultStore(tmp_path_factory.mktemp("made") / "results.sqlite")
    cells = [replace(make_cell('NA, "wäre"', "em", s), study="t") for s in range(4)]
    document = {"name": "t", "kind": "mixture", "baseline": "em", "metrics": ["log_likelihood"]}
    store.write_plan(document, [cell.planned() for cell in cells], {})
    scores = [
        Score("log_likelihood", "train", 0.1 + 0.2),
        Score("log_likelihood", "test", -1e-300),
        Score("fit_seconds", "", 1 / 3),
    ]
    trace = [
        TracePoint(0, 0.0, "objective", "train", -np.pi),
        TracePoint(7, 2 / 3, "objective", "train", float("nan")),
    ]
    message = 'first line\nsecond, "line"'
    for result in (
        CellResult(cells[0].key, "ok", scores=scores, trace=trace, provenance={"threads": 2}),
        CellResult(
            cells[1].key, "diverged", scores=[Score("elbo", "test", float("inf"))], trace=trace[:1]
        ),
        CellResult(cells[2].key, "failed", message, "Traceback\n  …"),
    ):
        cell = next(cell for cell in cells if cell.key == result.key)
        store.write_cell(cell.description(), result)
    return StudyResults.read(store)


@pytest.mark.parametrize("format_", READERS)
def test_what_is_read_back_is_what_is_stored(
    results: StudyResults, tmp_path: Path, format_: str
) -> None:
    paths = export_study(results, tmp_path, format_)
    names = ("scores", "trace", "cells")
    assert [path.name for path in paths] == [f"{name}.{format_}" for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    scores, trace, cells = (READERS[format_](path) for path in paths)

    stored = results.store.scores()
    columns = ["key", "dataset", "estimator", "seed", "status", "metric", "split", "value", "unit"]
    found = scores[scores["metric"] != ""]
    pd.testing.assert_frame_equal(
        found[columns].reset_index(drop=True), stored[columns], check_exact=True, check_dtype=False
    )
    silent = scores[scores["metric"] == ""]
    assert silent[["seed", "status"]].values.tolist() == [[2, "failed"], [3, "not run"]]
    assert silent["value"].isna().all()

    columns = ["key", "seed", "step", "seconds", "metric", "split", "value"]
    pd.testing.assert_frame_equal(
        trace[columns], results.store.trace()[columns], check_exact=True, check_dtype=False
    )
    assert set(trace["unit"]) == {"nats per datum"}

    columns = ["key", "dataset", "estimator", "seed", "status", "message", "traceback"]
    pd.testing.assert_frame_equal(
        cells[columns], results.store.cells()[columns], check_exact=True, check_dtype=False
    )
    assert [json.loads(text) for text in cells["provenance"]] == [
        {"threads": 2},
        {},
        {},
        {},
    ]


@pytest.mark.parametrize("format_", READERS)
def test_seeds_are_those_that_the_runs_had(
    results: StudyResults, tmp_path: Path, format_: str
) -> None:
    path, *_ = export_study(results, tmp_path, format_)
    scores = READERS[format_](path)
    cell = replace(make_cell('NA, "wäre"', "em", 0), study="t")
    first = scores[scores["key"] == cell.key].iloc[0]
    assert (first["data_seed"], first["start_seed"]) == (cell.data_seed, cell.start_seed)
    assert (first["study"], first["label"]) == ("t", "EM (by hand)")


def test_a_plan_of_which_nothing_has_run_is_exported_all_the_same(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results.sqlite")
    document = {"kind": "mixture", "baseline": "em", "metrics": []}
    store.write_plan(document, [PlannedCell("k", "iris", "em", 0, {"dataset": "iris"})], {})
    results = StudyResults.read(store)
    for format_, read in READERS.items():
        scores, trace, cells = map(read, export_study(results, tmp_path / format_, format_))
        assert (len(scores), len(trace), len(cells)) == (1, 0, 1)
        assert scores["status"].tolist() == ["not run"]
        assert scores["data_seed"].isna().all()


def test_an_unknown_format_is_refused(results: StudyResults, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected one of csv, parquet, latex, got 'xls'"):
        export_study(results, tmp_path / "new", "xls")
    assert not (tmp_path / "new").exists()


def test_a_failed_write_leaves_the_older_file(
    results: StudyResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scores.csv").write_text("older")

    def full(self: pd.DataFrame, path: Path, **options: object) -> None:
        path.write_text("half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OSError, match="no space"):
        export_study(results, tmp_path, "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    assert (tmp_path / "scores.csv").read_text() == "older"
