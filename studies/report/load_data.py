"""What is known of the machine as each run began: its load, its parts, its versions.

A run's own record (`provenance` of a cell) comes before that of the study as last run; stores that
lack either are of unknown conditions and nothing is said of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studies.report.loaded import StudyResults

_LEAST_EXCESS, _EXCESS_SHARE = 0.5, 0.1
"""Load beyond a run's own counts from so much on, or from so large a share of the cores."""


@dataclass(frozen=True)
class Load:
    """The machine's load average as one run began, and what of it the runs themselves cause.

    Parameters
    ----------
    estimator
        Whose run it was.
    average
        Over the minute before.
    own
        Threads of a run times the runs at once.
    cores
        Of the machine; 0 where that is not known.
    """

    estimator: str
    average: float
    own: float
    cores: int

    @property
    def excess(self) -> float:
        """What other work there was."""
        return self.average - self.own

    @property
    def is_foreign(self) -> bool:
        """Whether there was other work: more than half a thread, or a tenth of the cores."""
        return self.excess > max(_LEAST_EXCESS, _EXCESS_SHARE * self.cores)


def loads(results: StudyResults) -> tuple[Load, ...]:
    """Of every run that recorded it."""
    found = []
    for estimator, record in run_records(results):
        if record.get("load_average") is None:
            continue
        threads = record.get("threads") or results.document.get("threads") or 1
        own = float(threads) * float(record.get("jobs") or 1)
        cores = _machine(record, results.provenance).get("cores") or 0
        found.append(Load(estimator, float(record["load_average"]), own, int(cores)))
    return tuple(found)


def worst_load(found: Sequence[Load]) -> Load | None:
    """The one with the most other work; None if there was none beside any."""
    foreign = [load for load in found if load.is_foreign]
    return max(foreign, key=lambda load: load.excess, default=None)


def run_records(results: StudyResults) -> list[tuple[str, dict[str, Any]]]:
    """Of every planned run that was made, whose it was and what is known of it.

    That is what is known of its invocation, and of itself.
    """
    known = results.store.runs()
    return [
        (str(estimator), dict(known.get(p.get("run"), {})) | p)
        for estimator, p in zip(
            results.cells["estimator"], results.cells["provenance"], strict=True
        )
        if p
    ]


def _machine(record: Mapping[str, Any], study: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of a run's machine: its own keys, its table, or the whole study's."""
    for source in (record, record.get("machine"), study.get("machine")):
        if isinstance(source, Mapping) and source.get("cores"):
            return source
    return {}
