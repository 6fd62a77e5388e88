"""What happens inside a cell's own process: load, start, fit under the clock, score."""

import inspect
import os
import resource
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from studies.cells import Cell, is_path
from studies.families import FAMILIES
from studies.families.base import Evaluation, Family
from studies.given_scale import on_given_scale
from studies.memory import MemoryGauge
from studies.recorder import Measure, Notice, Recorder
from studies.results import CellResult, Score, Status
from suite.data import Dataset, load, load_file, simulate_mixture
from suite.device import resolve_device
from suite.errors import InputError
from suite.progress import Progress
from suite.registry import UnavailableError

_WARM_UP_STEPS = 2


def preflight(cells: list[Cell]) -> list[Cell]:
    """The cells with their data's hash, once all of them are known to be able to start.

    Raises
    ------
    InputError
        For the first wrong setting, missing or unusable data set or unavailable device.
    """
    hashes: dict[tuple[str, int], str] = {}
    checked = []
    for cell in cells:
        _check_settings(cell)
        data = (cell.dataset, cell.data_seed)
        if data not in hashes:
            dataset = load_dataset(cell)
            hashes[data] = dataset.content_hash()
            FAMILIES[cell.spec.family].check(cell, dataset)
        checked.append(replace(cell, data_hash=hashes[data]))
    return checked


def load_dataset(cell: Cell) -> Dataset:
    """The data that `cell` runs on.

    Raises
    ------
    InputError
        If it cannot be loaded or an option is unknown.
    """
    loader, arguments = _loader(cell)
    known = [name for name in inspect.signature(loader).parameters if name not in arguments]
    for name in cell.options:
        if name not in known:
            raise InputError(
                f"datasets.{cell.dataset}.options.{name}: unknown option; "
                f"known: {', '.join(known)}."
            )
    dataset: Dataset = loader(**({"random_state": cell.data_seed} | arguments | dict(cell.options)))
    return dataset


def _loader(cell: Cell) -> tuple[Callable[..., Dataset], dict[str, Any]]:
    """The function that loads the cell's data, and what it is given beside the options."""
    if cell.load == "simulated":
        return simulate_mixture, {}
    if is_path(cell.load):
        return load_file, {"path": cell.load}
    return load, {"name": cell.load}


def run_cell(cell: Cell, notice: Notice) -> CellResult:
    """Run one cell; whatever goes wrong becomes a result that says so."""
    provenance = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_average": os.getloadavg()[0],
        "threads": cell.threads,
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY", "default"),
    }
    try:
        torch.set_num_threads(cell.threads)
        with threadpool_limits(limits=cell.threads):
            return replace(_fit_and_score(cell, notice), provenance=provenance)
    except (Exception, SystemExit) as error:  # SystemExit: it is the fit that ends, not the study
        status, message = _named(error)
        lines = "".join(traceback.format_exception(error))
        return CellResult(cell.key, status, message, lines, provenance=provenance)


def _named(error: BaseException) -> tuple[Status, str]:
    text = str(error)
    named = f"{type(error).__name__}: {text}"
    if isinstance(error, FloatingPointError):
        return "diverged", text
    if isinstance(error, UnavailableError):
        return "unavailable", text
    # torch says it in a RuntimeError of no class of its own where the memory is the machine's.
    wanting = isinstance(error, MemoryError | torch.OutOfMemoryError) or _TORCH_HAS_NONE in text
    return ("memory" if wanting else "failed"), named


_TORCH_HAS_NONE = "DefaultCPUAllocator: can't allocate memory"


def _fit_and_score(cell: Cell, notice: Notice) -> CellResult:
    family = FAMILIES[cell.spec.family]
    phases = _Phases()
    with phases("load_seconds"):
        dataset = load_dataset(cell)
        facts = _facts(cell, dataset)
    with phases("shared_start_seconds"):
        start, trace_at_start = family.start(cell, dataset)
    with phases("warm_up_seconds"):
        estimator = build_estimator(cell, start)
        _warm_up(cell, dataset, start)
    measure = _MEASURES[cell.trace](family, cell, dataset)
    recorder = Recorder(measure, notice, str(resolve_device(cell.device)))
    gauge = MemoryGauge() if cell.trace != "scores" else None
    recorder.start()
    estimator.fit(dataset.train, callback=recorder)
    fit_seconds = recorder.finish()
    fit_memory = gauge.peak() if gauge else None
    with phases("evaluation_seconds"):
        evaluation = (
            Evaluation([]) if cell.timing_only else family.evaluate(cell, dataset, estimator)
        )
    scores = [
        *evaluation.scores,
        *_measured("fit_memory", fit_memory),
        *_measured("first_step_seconds", recorder.first_step_seconds),
        *_measured("step_seconds", recorder.step_seconds),
        *_measured("compile_seconds", getattr(estimator, "compile_seconds_", None)),
        Score("steps", "", recorder.steps),
        Score("fit_seconds", "", fit_seconds),
        Score("progress_seconds", "", recorder.progress_seconds),
        *phases.scores,
        Score("peak_memory", "", _peak_memory()),
    ]
    status, message = _verdict(scores)
    result = CellResult(
        cell.key,
        status=status,
        message=message,
        dataset_facts=facts | dict(evaluation.facts),
        scores=scores,
        trace=[*trace_at_start, *recorder.trace],
        arrays=evaluation.arrays,
    )
    return on_given_scale(result, dataset)


class _Phases:
    """How long each part of a run took, besides the fit, which has a clock of its own."""

    def __init__(self) -> None:
        self.scores: list[Score] = []

    @contextmanager
    def __call__(self, metric: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.scores.append(Score(metric, "", perf_counter() - began))


def _measured(metric: str, value: float | None) -> list[Score]:
    return [] if value is None else [Score(metric, "", value)]


def _objective(progress: Progress) -> dict[tuple[str, str], float]:
    return {("objective", "train"): progress.objective}


_MEASURES: dict[str, Callable[[Family, Cell, Dataset], Measure]] = {
    "scores": lambda family, cell, dataset: family.measure(cell, dataset),
    "objective": lambda family, cell, dataset: _objective,
    "none": lambda family, cell, dataset: lambda progress: {},
}
"""How a step is scored, by the study's `trace`."""


def _warm_up(cell: Cell, dataset: Dataset, start: dict[str, Any]) -> None:
    """Fit a few rows for two steps, so that no clock sees code being loaded or threads started."""
    if cell.warm_up_rows == 0:
        return
    steps = {cell.spec.steps_parameter: _WARM_UP_STEPS}
    brief = replace(cell, settings={**cell.settings, **steps})
    build_estimator(brief, start).fit(dataset.train[: cell.warm_up_rows])


def build_estimator(cell: Cell, start: dict[str, Any]) -> Any:
    """The cell's estimator, not fitted, with `start` beside the cell's own settings."""
    estimator_class = cell.spec.load()
    accepted = inspect.signature(estimator_class).parameters
    offered: dict[str, Any] = {"random_state": cell.start_seed, "device": cell.device}
    if cell.tolerance is not None:
        offered["tol"] = cell.tolerance
    if cell.max_steps is not None:
        offered[cell.spec.steps_parameter] = cell.max_steps
    settings = {name: value for name, value in offered.items() if name in accepted}
    return estimator_class(**(settings | start | dict(cell.settings)))


def _check_settings(cell: Cell) -> None:
    try:
        accepted = inspect.signature(cell.spec.load()).parameters
    except UnavailableError:
        return  # the run itself will say so, in its row of the table
    for name in cell.settings:
        if name not in accepted:
            raise InputError(
                f"estimators.{cell.estimator}: unknown setting {name!r}; "
                f"known: {', '.join(accepted)}."
            )
    if cell.device != "cpu":
        resolve_device(cell.device)


def _verdict(scores: list[Score]) -> tuple[Status, str]:
    bad = [f"{s.metric} ({s.split})" for s in scores if not np.isfinite(s.value)]
    if bad:
        return "diverged", f"not finite: {', '.join(bad)}"
    return "ok", ""


def _facts(cell: Cell, dataset: Dataset) -> dict[str, Any]:
    content_hash = dataset.content_hash()
    if cell.data_hash and content_hash != cell.data_hash:
        raise InputError(
            f"expected {cell.dataset} as it was when the study was checked, but the data have "
            "changed since; run the study again."
        )
    return {
        "name": dataset.name,
        "n_train": len(dataset.train),
        "n_test": len(dataset.test),
        "n_features": dataset.train.shape[1],
        "label_names": list(dataset.label_names),
        "image_shape": None if dataset.image_shape is None else list(dataset.image_shape),
        "source": dataset.source,
        "licence": dataset.licence,
        "origin": dataset.origin,
        "origin_detail": dataset.origin_detail,
        "content_hash": content_hash,
        "notes": list(dataset.notes),
    }


def _peak_memory() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if os.uname().sysname == "Darwin" else 1e3)
