"""A study in words, for `studies show`."""

from typing import Any

from studies.schema import DatasetEntry, Study


def describe(name: str, study: Study, profile: str, profiles: list[str]) -> str:
    """Several lines that say what `study` runs."""
    known = ", ".join(dict.fromkeys(["full", *profiles]))
    first = [name for name, entry in study.estimators.items() if entry.repeats is None]
    again = [name for name in study.estimators if name not in first]
    runs, every = _runs(study, first), len(first) * len(study.datasets) * study.seeds
    lines = [
        f"{name}: {study.title}",
        study.question,
        "",
        f"profile     {profile} (of: {known})",
        f"runs        {len(study.datasets)} data sets × {len(first)} estimators × "
        f"{study.seeds} seeds = {runs}"
        + ("" if runs == every else f" ({_left_out(study)})")
        + _repeated(study, again),
        f"threads     {study.threads}",
        f"metrics     {', '.join(study.metrics)}",
        f"stopping    {_settings(study.stopping.model_dump(exclude_none=True))}",
        f"evaluation  {_settings(_evaluation(study))}",
        "",
        "data sets",
    ]
    for dataset_name, dataset in study.datasets.items():
        lines.append(f"  {dataset_name}  {_of_dataset(dataset)}")
    lines.append("estimators")
    for estimator_name in first:
        estimator = study.estimators[estimator_name]
        registered = estimator.estimator or estimator_name
        chosen = estimator.settings | ({"seeds": estimator.seeds} if estimator.seeds else {})
        lines.append(f"  {estimator_name}  ({registered}) {_settings(chosen)}")
    return "\n".join(line.rstrip() for line in lines)


def _runs(study: Study, names: list[str]) -> int:
    """How many runs there are of the estimators `names`."""
    return sum(
        min(dataset.seeds or study.seeds, study.estimators[name].seeds or study.seeds)
        for dataset in study.datasets.values()
        for name in names
        if dataset.estimators is None or name in dataset.estimators
    )


def _left_out(study: Study) -> str:
    """Why there are fewer runs than all combinations."""
    entries = study.datasets.values()
    seeds = [e.seeds for e in entries] + [e.seeds for e in study.estimators.values()]
    reasons = {
        "not every estimator on every one": any(e.estimators is not None for e in entries),
        "not every seed on every one": any(own is not None for own in seeds),
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


def _repeated(study: Study, again: list[str]) -> str:
    if not again:
        return ""
    firsts = " and ".join(str(study.estimators[name].repeats) for name in again)
    return f", and {_runs(study, again)} of {firsts} again, for the noise floor"


_SETTINGS_OF = {"ladder": "ladder_", "aggregate": "aggregated_", "ais": "ais_", "gaps": "gaps_"}
"""By extra, how the names of its settings begin."""


def _evaluation(study: Study) -> dict[str, Any]:
    """The evaluation's settings, those of extras only where the study asks for them."""
    idle = tuple(
        start for name, start in _SETTINGS_OF.items() if name not in study.evaluation.extra
    )
    settings = study.evaluation.model_dump()
    return {name: value for name, value in settings.items() if not name.startswith(idle)}


def _of_dataset(dataset: DatasetEntry) -> str:
    """What is fitted, and how the data are loaded where that is stated."""
    chosen = {"importance_samples": dataset.importance_samples, "seeds": dataset.seeds}
    own = {name: value for name, value in chosen.items() if value is not None}
    data = _settings(dataset.options)
    parts = [_settings(dataset.settings), data and f"data: {data}", _settings(own)]
    return "; ".join(part for part in parts if part)


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
