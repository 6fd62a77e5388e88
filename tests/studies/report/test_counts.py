"""Every table says how many runs it is over; a report imports no more than it needs."""

import subprocess
import sys

import pytest

from studies.report.building import build_document
from studies.report.loaded import StudyResults
from studies.report.model import Table
from studies.report.numbers import unlinked
from studies.report.tables import ok_entry
from tests.studies.report.synthetic import failing, mixture_store, vae_store

COUNTS = {"runs ok", "runs", "pairs", "reached", "seed", "images"}
"""Columns that say how many runs a row is over, or of which one it is."""


def stores(tmp_path):
    lost = failing("iris", "svi", 1, status="memory")
    yield mixture_store(tmp_path / "m.sqlite", datasets=("iris", "wine"), change=lost)
    lost = failing("mnist", "pyro-vae", 1, status="memory")
    yield vae_store(tmp_path / "v.sqlite", change=lost)


def test_every_table_of_the_usual_reports_counts_its_runs(tmp_path):
    for store in stores(tmp_path):
        document = build_document(StudyResults.read(store))
        tables = [b for s in document.sections for b in s.blocks if isinstance(b, Table)]
        assert {"scores", "verdicts", "pairs", "target", "objective", "failures"} <= {
            table.name for table in tables
        }
        for table in tables:
            assert COUNTS & {column.title for column in table.columns}, table.name


def test_a_run_without_memory_is_a_failure_like_any_other(tmp_path):
    store = next(stores(tmp_path))
    results = StudyResults.read(store)
    assert ok_entry(results, ["iris"], ["svi"]).text == "2/3"
    assert ok_entry(results, ["iris", "wine"]).text == "17/18"
    document = build_document(results)
    assert "SVI (Pyro): 1 memory" in unlinked(document.answer.text)
    failures = next(s for s in document.sections if s.name == "failures")
    (row,) = next(b for b in failures.blocks if isinstance(b, Table)).rows
    assert row[3].text == "memory"


@pytest.mark.parametrize("module", ["studies.report", "studies.report.building"])
def test_a_report_starts_without_torch(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'pyro', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
