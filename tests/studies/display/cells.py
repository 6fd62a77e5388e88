"""Cells and results made by hand, for tests of what is shown."""

from studies.cells import Cell
from studies.results import CellResult, Score, Status


def make_cell(
    dataset: str = "iris", estimator: str = "em", seed: int = 0, *, time_limit: float = 600.0
) -> Cell:
    return Cell(
        study="t",
        kind="mixture",
        dataset=dataset,
        estimator=estimator,
        seed=seed,
        load=dataset,
        options={},
        registered="em",
        settings={},
        tolerance=None,
        max_steps=10,
        time_limit=time_limit,
        importance_samples=1,
        trace_limit=1,
        threads=1,
        device="cpu",
    )


def ended_well(cell: Cell, value: float = -1.5, *, fit_seconds: float = 0.25) -> CellResult:
    scores = [
        Score("log_likelihood", "test", value),
        Score("fit_seconds", "", fit_seconds),
    ]
    return CellResult(cell.key, "ok", scores=scores)


def ended_badly(cell: Cell, status: Status = "failed", message: str = "no") -> CellResult:
    return CellResult(cell.key, status, message)
