"""What differs in how two sets of results were made: settings, data, code, versions, machine."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal

from studies.cells import Cell
from studies.comparing.matching import Matching, Place
from studies.origins import origins
from studies.report.conditions import was_loaded
from studies.report.loaded import StudyResults

Topic = Literal["settings", "data", "code", "versions", "machine"]

_HASHES: dict[str, Topic] = {"data_hash": "data", "code_hash": "code"}
_NOT_COMPARED = ("dataset", "estimator", "seed")
_ABSENT = "—"

_DEFAULTS = {field.name: field.default for field in fields(Cell) if field.default is not MISSING}
"""What a run was, that was made before there was such a setting."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in both sets.

    Parameters
    ----------
    topic, name
        What it is.
    before, after
        In words.
    where
        The data sets and estimators that it is about; empty if all are.
    """

    topic: Topic
    name: str
    before: str
    after: str
    where: tuple[str, ...] = ()


def differences(a: StudyResults, b: StudyResults, matching: Matching) -> tuple[Difference, ...]:
    """All that differs, by topic."""
    return tuple(
        difference
        for find in (_of_cells, _of_code, _of_versions, _of_machines)
        for difference in find(a, b, matching)
    )


def machines(results: StudyResults) -> tuple[str, ...]:
    """What the stored runs ran on, in words, each machine once."""
    return tuple(sorted({found.machine for found in origins(results.store)}))


def same_machine(a: StudyResults, b: StudyResults) -> bool:
    """Whether all runs of both were made on one machine, and it is known which."""
    return len(machines(a)) == 1 and machines(a) == machines(b) != ("unknown",)


def _of_cells(a: StudyResults, b: StudyResults, matching: Matching) -> Iterator[Difference]:
    """Settings and fingerprints of the runs' own descriptions, the same ones gathered."""
    before, after = _descriptions(a), _descriptions(b)
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    pairs: dict[str, None] = {}
    for place in matching.common:
        pair = f"{place[0]} / {place[1]}"
        pairs[pair] = None
        one, other = before[place], after[place]
        for name in sorted(one.keys() | other.keys()):
            usual = _DEFAULTS.get(name, _ABSENT)
            values = one.get(name, usual), other.get(name, usual)
            if values[0] != values[1]:
                words = ("changed", "changed") if name in _HASHES else _in_words(*values)
                found.setdefault((name, *words), {})[pair] = None
    for (name, old, new), where in found.items():
        topic = _HASHES.get(name, "settings")
        label = "fingerprint" if name in _HASHES else name
        yield Difference(topic, label, old, new, () if len(where) == len(pairs) else tuple(where))


def _in_words(before: Any, after: Any) -> tuple[str, str]:
    return str(before), str(after)


def _descriptions(results: StudyResults) -> dict[Place, dict[str, Any]]:
    columns = results.cells[["dataset", "estimator", "seed", "description"]]
    return {
        (d, e, int(seed)): dict(_flat({k: v for k, v in text.items() if k not in _NOT_COMPARED}))
        for d, e, seed, text in columns.itertuples(index=False)
    }


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _of_code(a: StudyResults, b: StudyResults, matching: Matching) -> Iterator[Difference]:
    before, after = (_commit(results) for results in (a, b))
    if before != after:
        yield Difference("code", "commit", before, after)


def _commit(results: StudyResults) -> str:
    git = results.provenance.get("git")
    if not isinstance(git, Mapping) or not git.get("commit"):
        return "unknown"
    changed = " with uncommitted changes" if git.get("uncommitted_changes") else ""
    return f"{str(git['commit'])[:10]}{changed}"


def _of_versions(a: StudyResults, b: StudyResults, matching: Matching) -> Iterator[Difference]:
    before, after = (_versions(results) for results in (a, b))
    for name in sorted(before.keys() | after.keys()):
        values = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if values[0] != values[1]:
            yield Difference("versions", name, *values)


def _versions(results: StudyResults) -> dict[str, str]:
    found = results.provenance.get("versions")
    return {k: str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def _of_machines(a: StudyResults, b: StudyResults, matching: Matching) -> Iterator[Difference]:
    for name, words in _CONDITIONS.items():
        before, after = words(a), words(b)
        if before != after:
            yield Difference("machine", name, before, after)


_CONDITIONS: dict[str, Callable[[StudyResults], str]] = {
    "machine": lambda results: "; ".join(machines(results)),
    "other work on it": lambda results: "yes" if was_loaded(results) else "no",
}
