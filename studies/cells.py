"""A study as a list of cells: data set × estimator × seed, each a complete description of one run.

A cell is plain data. Its key is a hash of everything that decides its result: settings, seeds, the
data's hash and the estimator's code; a change in any of them makes another cell.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from studies.code_hash import code_hash
from studies.results import PlannedCell
from studies.schema import Study
from suite.registry import EstimatorSpec, estimator_spec

_DECIDES_NOTHING = ("study", "time_limit", "memory_limit", "factors", "group")


@dataclass(frozen=True)
class Cell:
    """One run.

    Parameters
    ----------
    study
        The study's name; the seeds derive from it.
    kind
        The study's kind.
    dataset, estimator, seed
        The cell's place in the study: two names and a number from 0.
    load, options
        What to load and how.
    registered
        The name under which the estimator is registered.
    settings
        The estimator's constructor parameters, without those that the worker adds (start,
        random state, stopping).
    tolerance, max_steps, time_limit, memory_limit
        The study's stopping rule and limits.
    importance_samples, trace_limit, trace, score_rows, warm_up_rows, extra, and from
    ladder_images to gaps_images
        The study's evaluation.
    start_rows
        Rows that the shared start is computed from; all if None.
    threads, device
        What to compute on.
    data_hash, code_hash
        Fingerprints of the data and of the code; empty until known.
    factors
        What sets the data set apart from others of its group: the values that a sweep varies.
    timing_only
        Whether the fit is timed and not scored: it repeats another one.
    group
        The name that the seeds derive from; the data set's own if empty.
    """

    study: str
    kind: str
    dataset: str
    estimator: str
    seed: int
    load: str
    options: Mapping[str, Any]
    registered: str
    settings: Mapping[str, Any]
    tolerance: float | None
    max_steps: int | None
    time_limit: float
    importance_samples: int
    trace_limit: int
    threads: int
    device: str
    trace: str = "scores"
    score_rows: int | None = None
    warm_up_rows: int = 0
    extra: tuple[str, ...] = ()
    ladder_images: int = 1000
    ladder_samples: int = 5000
    aggregated_images: int = 2000
    ais_images: int = 50
    ais_chains: int = 8
    ais_temperatures: int = 400
    ais_leapfrog: int = 5
    gaps_images: int = 50
    start_rows: int | None = None
    timing_only: bool = False
    data_hash: str = ""
    code_hash: str = ""
    factors: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    memory_limit: float | None = None

    @property
    def spec(self) -> EstimatorSpec:
        """The estimator's entry in the table of estimators."""
        return estimator_spec(self.registered)

    @property
    def data_seed(self) -> int:
        """Seed of the split (or simulation): the same for all estimators and points of a sweep."""
        return derived_seed(self.study, self.group or self.dataset, self.seed, "data")

    @property
    def start_seed(self) -> int:
        """Seed of the start and of the fit's noise, shared in the same way."""
        return derived_seed(self.study, self.group or self.dataset, self.seed, "start")

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits that name this cell."""
        # A field at its default is left out, so that a field added later changes no key.
        usual = {field.name: field.default for field in fields(self)}
        content = {
            k: v
            for k, v in self.description().items()
            if k not in _DECIDES_NOTHING and v != usual[k]
        }
        if is_path(self.load):  # where a file lies decides nothing: what it holds is in `data_hash`
            del content["load"]
        content["seeds"] = [self.data_seed, self.start_seed]
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def description(self) -> dict[str, Any]:
        """The cell as JSON-able data."""
        return asdict(self)

    def planned(self) -> PlannedCell:
        """The cell as a line of the store's plan."""
        return PlannedCell(self.key, self.dataset, self.estimator, self.seed, self.description())

    def __str__(self) -> str:
        return f"{self.dataset} / {self.estimator} / seed {self.seed}"


def is_path(load: str) -> bool:
    """Whether data are a user's own file or folder, rather than known by name.

    Examples
    --------
    >>> is_path("iris"), is_path("iris.csv"), is_path("pictures/")
    (False, True, True)
    """
    return bool(Path(load).suffix) or any(mark in load for mark in "/\\")


def derived_seed(study: str, dataset: str, seed: int, purpose: str) -> int:
    """A seed in [0, 2³¹ − 1) that depends on its arguments alone.

    Examples
    --------
    >>> derived_seed("s", "iris", 0, "data") == derived_seed("s", "iris", 0, "data")
    True
    >>> derived_seed("s", "iris", 0, "data") == derived_seed("s", "iris", 1, "data")
    False
    """
    text = json.dumps([study, dataset, seed, purpose])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % (2**31 - 1)


def plan_cells(study: Study, name: str, device: str) -> list[Cell]:
    """All cells of a resolved study, so ordered that the estimators alternate within a seed."""
    return [
        Cell(
            study=name,
            kind=study.kind,
            dataset=dataset_name,
            estimator=estimator_name,
            seed=seed,
            load=dataset.load or dataset_name,
            options=dataset.options,
            registered=estimator.estimator or estimator_name,
            settings=dataset.settings | estimator.settings,
            tolerance=study.stopping.tolerance,
            max_steps=study.stopping.max_steps,
            time_limit=study.stopping.time_limit,
            importance_samples=dataset.importance_samples or study.evaluation.importance_samples,
            trace_limit=study.evaluation.trace_limit,
            threads=study.threads,
            device=device,
            trace=study.evaluation.trace,
            score_rows=study.evaluation.score_rows,
            warm_up_rows=study.evaluation.warm_up_rows,
            extra=tuple(study.evaluation.extra),
            ladder_images=study.evaluation.ladder_images,
            ladder_samples=study.evaluation.ladder_samples,
            aggregated_images=study.evaluation.aggregated_images,
            ais_images=study.evaluation.ais_images,
            ais_chains=study.evaluation.ais_chains,
            ais_temperatures=study.evaluation.ais_temperatures,
            ais_leapfrog=study.evaluation.ais_leapfrog,
            gaps_images=study.evaluation.gaps_images,
            start_rows=study.start_rows,
            timing_only=estimator.repeats is not None,
            code_hash=code_hash(
                estimator_spec(estimator.estimator or estimator_name).path,
                study.kind,
                tuple(study.evaluation.extra),
            ),
            factors=dataset.factors,
            group=dataset.group or "",
            memory_limit=study.stopping.memory_limit,
        )
        for seed in range(study.seeds)
        for dataset_name, dataset in study.datasets.items()
        for estimator_name, estimator in study.estimators.items()
        if dataset.estimators is None or estimator_name in dataset.estimators
        if dataset.seeds is None or seed < dataset.seeds
        if estimator.seeds is None or seed < estimator.seeds
    ]
