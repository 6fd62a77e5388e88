"""What tests of studies share."""

import pytest


@pytest.fixture
def no_parity_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs begin with their cells: what happens to an estimator happens in its cell."""
    monkeypatch.setattr("studies.runner.run_gate", lambda *_, **__: None)
