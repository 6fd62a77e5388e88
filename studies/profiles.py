"""A study with one of its profiles applied and its sweeps expanded: what is run."""

from typing import Any

from studies.repeats import add_repeats
from studies.schema import Changes, Study
from studies.study_files import validated
from studies.sweeps import expand
from suite.errors import InputError
from suite.registry import ESTIMATORS, estimator_spec


def resolve(
    study: Study,
    *,
    profile: str = "full",
    seeds: int | None = None,
    estimators: list[str] | None = None,
    datasets: list[str] | None = None,
) -> Study:
    """The study with a profile and the command line's choices applied: no profiles, no sweeps.

    Parameters
    ----------
    profile
        One of `study.profiles`; "full" is always allowed.
    seeds, estimators, datasets
        If given, in place of the study's; names must be among the study's. A data set that is
        swept is named as a whole or by the points of its sweep.

    Raises
    ------
    InputError
        If a name is unknown or the result is no valid study.
    """
    if profile != "full" and profile not in study.profiles:
        known = ", ".join(dict.fromkeys(["full", *study.profiles]))
        raise InputError(f"unknown profile {profile!r}; known: {known}.")
    content = study.model_dump(exclude={"profiles"})
    changes = study.profiles.get(profile, Changes())
    _apply(content, changes)
    if seeds is not None:
        content["seeds"] = seeds
    _cap_seeds(content)
    _expand_sweeps(content, f"profile {profile}")
    _keep(content, "datasets", _with_points(content["datasets"], datasets))
    _keep(content, "estimators", estimators)
    _drop_absent_estimators(content)
    _label_outsiders(content)
    if content["baseline"] not in content["estimators"]:
        content["baseline"] = next(iter(content["estimators"]))
    add_repeats(content)
    return validated(content, f"profile {profile}")


def _apply(content: dict[str, Any], changes: Changes) -> None:
    for key in ("seeds", "threads"):
        if getattr(changes, key) is not None:
            content[key] = getattr(changes, key)
    for key in ("stopping", "evaluation"):
        content[key] |= getattr(changes, key)
    _keep(content, "datasets", changes.datasets)
    for entry in content["datasets"].values():
        entry["options"] |= changes.options
    for name, sweep in changes.sweeps.items():
        if name in content["datasets"]:
            entry = content["datasets"][name]
            entry["vary"] |= sweep.vary
            entry["cases"] = entry["cases"] if sweep.cases is None else sweep.cases
    for name, entry in content["estimators"].items():
        entry["settings"] |= changes.settings | changes.estimators.get(name, {})


def _cap_seeds(content: dict[str, Any]) -> None:
    """Let no data set and no estimator have more seeds than the study has now."""
    for entry in [*content["datasets"].values(), *content["estimators"].values()]:
        if entry["seeds"] is not None:
            entry["seeds"] = min(entry["seeds"], content["seeds"])


def _expand_sweeps(content: dict[str, Any], origin: str) -> None:
    try:
        expanded = [expand(name, entry) for name, entry in content["datasets"].items()]
    except ValueError as error:
        raise InputError(f"{origin}: {error}") from None
    content["datasets"] = {name: entry for part in expanded for name, entry in part.items()}


def _with_points(entries: dict[str, Any], names: list[str] | None) -> list[str] | None:
    """The names, each group's replaced by those of its points."""
    if names is None:
        return None
    points = {name: [n for n, e in entries.items() if e["group"] == name] for name in names}
    return [n for name in names for n in (points[name] if name not in entries else []) or [name]]


def _label_outsiders(content: dict[str, Any]) -> None:
    """Keep the labels of other packages' estimators: reports are made where these may be absent."""
    for name, entry in content["estimators"].items():
        registered = entry["estimator"] or name
        if registered not in ESTIMATORS and entry["label"] is None:
            entry["label"] = estimator_spec(registered).label


def _drop_absent_estimators(content: dict[str, Any]) -> None:
    """Keep in each data set's list the estimators that are left, and data sets with any at all."""
    for name, entry in list(content["datasets"].items()):
        if entry["estimators"] is None:
            continue
        entry["estimators"] = [n for n in entry["estimators"] if n in content["estimators"]]
        if not entry["estimators"]:
            del content["datasets"][name]


def _keep(content: dict[str, Any], table: str, names: list[str] | None) -> None:
    if names is None:
        return
    for name in names:
        if name not in content[table]:
            raise InputError(
                f"the study has no {table[:-1]} {name!r}; it has: {', '.join(content[table])}."
            )
    content[table] = {name: content[table][name] for name in names}
