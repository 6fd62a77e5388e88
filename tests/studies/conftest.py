"""What tests of studies share."""

from pathlib import Path

import pytest

from studies.results import ResultStore


@pytest.fixture
def no_parity_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs begin with their cells: what happens to an estimator happens in its cell."""
    monkeypatch.setattr("studies.runner.run_gate", lambda *_, **__: None)


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end with what is stored, for tests of nothing else."""

    def none(store: ResultStore, name: str, out: Path) -> Path:
        return out / name / "README.md"

    monkeypatch.setattr("studies.runner._write_reports", none)
