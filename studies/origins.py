"""What stored runs ran on: times from several machines, versions or loads are pointed out."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psutil

from studies.results import ResultStore

_COMPUTING = ("python", "torch", "pyro-ppl", "scikit-learn", "numpy", "scipy")
"""Whose versions bear on times."""

_LOOK_SECONDS = 0.3


@dataclass(frozen=True)
class Origin:
    """What some of a study's runs ran on, so far as it bears on their times.

    Parameters
    ----------
    machine
        System, processor and cores, in words; "unknown" where that was not recorded.
    versions
        Of Python and of the packages that compute, in words.
    jobs
        How many runs shared the machine.
    runs
        How many runs of the plan are from there.
    """

    machine: str
    versions: str
    jobs: int
    runs: int = 0


def origin(facts: Mapping[str, Any]) -> Origin:
    """What a run with these facts (`provenance`) ran on."""
    machine, versions = facts.get("machine"), facts.get("versions")
    if not isinstance(machine, dict) or not isinstance(versions, dict):
        return Origin("unknown", "unknown", 1)
    parts = (machine.get("system"), machine.get("processor"), f"{machine.get('cores')} cores")
    return Origin(
        ", ".join(str(part) for part in parts if part),
        ", ".join(f"{name} {versions[name]}" for name in _COMPUTING if name in versions),
        int(facts.get("jobs", 1)),
    )


def origins(store: ResultStore, without: Collection[str] = ()) -> list[Origin]:
    """What the stored runs of a study's plan ran on; more than one where times are not comparable.

    Parameters
    ----------
    store
        The study's results; only read.
    without
        Keys of cells to leave out.

    Raises
    ------
    InputError
        If there are no stored results or they cannot be read.
    """
    cells = store.cells()
    stored = cells[~cells["status"].isin(["not run", "unavailable"]) & ~cells["key"].isin(without)]
    known = store.runs()
    shared = store.provenance()  # all that a store of version 1 says
    counts = Counter(origin(known.get(p.get("run", 0), shared)) for p in stored["provenance"])
    return [replace(origin, runs=runs) for origin, runs in counts.items()]


def mixed_origins(
    store: ResultStore, replaced: Collection[str], facts: Mapping[str, Any] | None
) -> str:
    """A sentence if a study's times will not all be of one machine; else nothing.

    Parameters
    ----------
    store
        What is stored.
    replaced
        Keys of the cells that are about to be run, again or for the first time.
    facts
        What they run on; None if there are none.
    """
    kept = [found for found in origins(store, replaced) if found.machine != "unknown"]
    here = [] if facts is None else [origin(facts)]
    if len({replace(found, runs=0) for found in [*kept, *here]}) < 2:
        return ""
    named = "; ".join(
        f"{found.runs} on {found.machine} with {found.versions}"
        + (f", {found.jobs} at a time" if found.jobs > 1 else "")
        for found in kept
        if [replace(found, runs=0)] != here
    )
    what = "as those of this run are" if here else "all in one way"
    return (
        f"Stored times were not measured {what} ({named}): they do not compare; "
        "--force runs all again."
    )


def busy_share() -> float:
    """The share of the machine's cores that is busy now, while this program waits."""
    return float(psutil.cpu_percent(_LOOK_SECONDS)) / 100
