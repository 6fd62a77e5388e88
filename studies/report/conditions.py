"""Under what conditions runs were made: other work on the machine, more than one machine or code.

A run's own record (`provenance` of a cell) comes before that of the study as last run; stores that
lack either are of unknown conditions and nothing is said of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studies.report.loaded import StudyResults
from studies.report.words import counted, escaped, listed, significant

_LEAST_EXCESS, _EXCESS_SHARE = 0.5, 0.1
"""Load beyond a run's own counts from so much on, or from so large a share of the cores."""

SHORT_CAVEAT = "**Take times with care: the machine was loaded, or not one machine (see above).**"
"""What stands above times once `caveat` has been said in full."""


@dataclass(frozen=True)
class Load:
    """The machine's load average as one run began, and what of it the runs themselves cause.

    Parameters
    ----------
    average
        Over the minute before.
    own
        Threads of a run times the runs at once.
    cores
        Of the machine; 0 where that is not known.
    """

    average: float
    own: float
    cores: int

    @property
    def is_foreign(self) -> bool:
        """Whether there was other work: more than half a thread, or a tenth of the cores."""
        return self.average - self.own > max(_LEAST_EXCESS, _EXCESS_SHARE * self.cores)


def loads(results: StudyResults) -> tuple[Load, ...]:
    """Of every run that recorded it."""
    found = []
    for record in _records(results):
        if record.get("load_average") is None:
            continue
        threads = record.get("threads") or results.document.get("threads") or 1
        own = float(threads) * float(record.get("jobs") or 1)
        cores = _machine(record, results.provenance).get("cores") or 0
        found.append(Load(float(record["load_average"]), own, int(cores)))
    return tuple(found)


def was_loaded(results: StudyResults) -> bool:
    """Whether the machine had other work as any run began."""
    return any(load.is_foreign for load in loads(results))


def mixtures(results: StudyResults) -> dict[str, tuple[str, ...]]:
    """What the runs differ in that should be one: processor, versions, commit; each value found."""
    records, found = _records(results), {}
    for what, values_of in _SHOULD_BE_ONE.items():
        every: dict[str, set[str]] = {}
        for record in records:
            for name, value in values_of(record).items():
                every.setdefault(name, set()).add(value)
        for name, values in every.items():
            if len(values) > 1:
                found[what.format(name)] = tuple(sorted(values))
    return found


def caveat(results: StudyResults) -> str:
    """What a reader of times must know of the conditions, in bold; empty if nothing."""
    parts = [part for part in (_loaded(results), _mixed(results)) if part]
    return f"**{' '.join(parts)}**" if parts else ""


def load_range(results: StudyResults) -> str:
    """The load averages as runs began, a sentence; empty where none was recorded."""
    found = [load.average for load in loads(results)]
    if not found:
        return ""
    own = sorted({load.own for load in loads(results)})
    return (
        f"Load average as runs began: {significant(min(found), 2)} to {significant(max(found), 2)}"
        f"; a run itself causes {listed([significant(value) for value in own])}."
    )


def _records(results: StudyResults) -> list[dict[str, Any]]:
    """What is known of every planned run that was made: of its invocation, and of itself."""
    known = results.store.runs()
    return [dict(known.get(p.get("run"), {})) | p for p in results.cells["provenance"] if p]


def _loaded(results: StudyResults) -> str:
    found = loads(results)
    foreign = [load for load in found if load.is_foreign]
    if not foreign:
        return ""
    worst = max(foreign, key=lambda load: load.average - load.own)
    return (
        f"The machine had other work to do: as {len(foreign):,} of {counted(len(found), 'run')} "
        f"began its load average was above what the runs themselves cause, "
        f"{significant(worst.average, 2)} against {significant(worst.own, 2)} at the worst. Take "
        "times, and what is said of them, with care."
    )


def _mixed(results: StudyResults) -> str:
    found = mixtures(results)
    if not found:
        return ""
    parts = [f"{what} {listed([escaped(v) for v in values])}" for what, values in found.items()]
    return (
        f"The runs were not all made in one place: they have {'; '.join(parts)}. Times from "
        "different ones are not to be compared."
    )


def _machine(record: Mapping[str, Any], study: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of a run's machine: its own keys, its table, or the whole study's."""
    for source in (record, record.get("machine"), study.get("machine")):
        if isinstance(source, Mapping) and source.get("cores"):
            return source
    return {}


def _hardware(record: Mapping[str, Any]) -> dict[str, str]:
    machine = record.get("machine")
    table = machine if isinstance(machine, Mapping) else record
    names = {"processors": table.get("processor") or table.get("cpu")}
    names["numbers of cores"] = table.get("cores")
    return {name: str(value) for name, value in names.items() if value}


def _versions(record: Mapping[str, Any]) -> dict[str, str]:
    found = record.get("versions") or record.get("packages")
    return {n: str(v) for n, v in found.items()} if isinstance(found, Mapping) else {}


def _commit(record: Mapping[str, Any]) -> dict[str, str]:
    git = record.get("git")
    table = git if isinstance(git, Mapping) else record
    if not table.get("commit"):
        return {}
    changed = " with uncommitted changes" if table.get("uncommitted_changes") else ""
    return {"commits": f"{str(table['commit'])[:10]}{changed}"}


_SHOULD_BE_ONE: dict[str, Callable[[Mapping[str, Any]], dict[str, str]]] = {
    "{}": _hardware,
    "versions of {}": _versions,
    "the {}": _commit,
    "numbers of {}": lambda r: {"runs at once": str(r["jobs"])} if r.get("jobs") else {},
}
