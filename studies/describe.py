"""A study in words, for `studies show`."""

from typing import Any

from studies.schema import DatasetEntry, Study


def describe(name: str, study: Study, profile: str, profiles: list[str]) -> str:
    """Several lines that say what `study` runs."""
    known = ", ".join(dict.fromkeys(["full", *profiles]))
    first = [name for name, entry in study.estimators.items() if entry.repeats is None]
    again = [name for name in study.estimators if name not in first]
    pairs, every = _pairs(study, first), len(first) * len(study.datasets)
    lines = [
        f"{name}: {study.title}",
        study.question,
        "",
        f"profile     {profile} (of: {known})",
        f"runs        {len(study.datasets)} data sets × {len(first)} estimators × "
        f"{study.seeds} seeds = {pairs * study.seeds}"
        + ("" if pairs == every else " (not every estimator on every one)")
        + _repeated(study, again),
        f"threads     {study.threads}",
        f"metrics     {', '.join(study.metrics)}",
        f"stopping    {_settings(study.stopping.model_dump(exclude_none=True))}",
        f"evaluation  {_settings(study.evaluation.model_dump())}",
        "",
        "data sets",
    ]
    for dataset_name, dataset in study.datasets.items():
        lines.append(f"  {dataset_name}  {_of_dataset(dataset)}")
    lines.append("estimators")
    for estimator_name in first:
        estimator = study.estimators[estimator_name]
        registered = estimator.estimator or estimator_name
        lines.append(f"  {estimator_name}  ({registered}) {_settings(estimator.settings)}")
    return "\n".join(line.rstrip() for line in lines)


def _pairs(study: Study, names: list[str]) -> int:
    """How many pairs of a data set and one of the estimators there are."""
    return sum(
        dataset.estimators is None or name in dataset.estimators
        for dataset in study.datasets.values()
        for name in names
    )


def _repeated(study: Study, again: list[str]) -> str:
    if not again:
        return ""
    firsts = " and ".join(str(study.estimators[name].repeats) for name in again)
    return f", and {_pairs(study, again) * study.seeds} of {firsts} again, for the noise floor"


def _of_dataset(dataset: DatasetEntry) -> str:
    """What is fitted, and how the data are loaded where that is stated."""
    parts = [_settings(dataset.settings), _settings(dataset.options)]
    if dataset.importance_samples:
        parts.append(_settings({"importance_samples": dataset.importance_samples}))
    return "; data: ".join(part for part in parts if part)


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
