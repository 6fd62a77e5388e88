"""Under what conditions runs were made, in words: other work, more than one machine or code."""

from collections.abc import Callable, Mapping
from typing import Any

from studies.report.endings import ENDINGS
from studies.report.load_data import Load, loads, run_records, worst_load
from studies.report.loaded import StudyResults
from studies.report.numbers import linked
from studies.report.words import counted, escaped, listed, significant

SHORT_CAVEAT = "**Take times with care: the machine was loaded, or not one machine (see above).**"
"""What stands above times once `caveat` has been said in full."""


def was_loaded(results: StudyResults) -> bool:
    """Whether the machine had other work as any run began."""
    return any(load.is_foreign for load in loads(results))


def mixtures(results: StudyResults) -> dict[str, tuple[str, ...]]:
    """What the runs differ in that should be one: processor, versions, commit; each value found."""
    records, found = [record for _, record in run_records(results)], {}
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
    found = loads(results)
    if not found:
        return ""
    own = sorted({load.own for load in found})
    averages = [load.average for load in found]
    low, high = (
        linked(significant(take(averages), 2), ENDINGS, f"load_{take.__name__}", take=take.__name__)
        for take in (min, max)
    )
    causes = listed([significant(value) for value in own])
    return f"Load average as runs began: {low} to {high}; a run itself causes {causes}."


def _loaded(results: StudyResults) -> str:
    found = loads(results)
    worst = worst_load(found)
    if worst is None:
        return ""
    n = sum(load.is_foreign for load in found)
    many = linked(f"{n:,}", ENDINGS, "loaded", take="sum")
    every = linked(counted(len(found), "run"), ENDINGS, "load_known", take="sum")
    average, own = (
        _at_worst(worst, value, column)
        for value, column in ((worst.average, "load_worst"), (worst.own, "load_worst_own"))
    )
    return (
        f"The machine had other work to do: as {many} of {every} began its load average was above "
        f"what the runs themselves cause, {average} against {own} at the worst. Take times, and "
        "what is said of them, with care."
    )


def _at_worst(worst: Load, value: float, column: str) -> str:
    """A load, as it is said, with its place in the table of endings."""
    where = {"estimator": worst.estimator}
    return linked(significant(value, 2), ENDINGS, column, where=where)


def _mixed(results: StudyResults) -> str:
    found = mixtures(results)
    if not found:
        return ""
    parts = [f"{what} {listed([escaped(v) for v in values])}" for what, values in found.items()]
    return (
        f"The runs were not all made in one place: they have {'; '.join(parts)}. Times from "
        "different ones are not to be compared."
    )


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
