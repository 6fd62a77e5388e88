"""A study in words, for `studies show`."""

from typing import Any

from studies.schema import Study


def describe(name: str, study: Study, profile: str, profiles: list[str]) -> str:
    """Several lines that say what `study` runs."""
    known = ", ".join(dict.fromkeys(["full", *profiles]))
    every = len(study.estimators)
    pairs = sum(
        every if d.estimators is None else len(d.estimators) for d in study.datasets.values()
    )
    lines = [
        f"{name}: {study.title}",
        study.question,
        "",
        f"profile     {profile} (of: {known})",
        f"runs        {len(study.datasets)} data sets × {len(study.estimators)} estimators × "
        f"{study.seeds} seeds = {pairs * study.seeds}"
        + ("" if pairs == every * len(study.datasets) else " (not every estimator on every one)"),
        f"threads     {study.threads}",
        f"metrics     {', '.join(study.metrics)}",
        f"stopping    {_settings(study.stopping.model_dump(exclude_none=True))}",
        f"evaluation  {_settings(study.evaluation.model_dump())}",
        "",
        "data sets",
    ]
    for dataset_name, dataset in study.datasets.items():
        lines.append(f"  {dataset_name}  {_settings(dataset.settings | dataset.options)}")
    lines.append("estimators")
    for estimator_name, estimator in study.estimators.items():
        registered = estimator.estimator or estimator_name
        lines.append(f"  {estimator_name}  ({registered}) {_settings(estimator.settings)}")
    return "\n".join(line.rstrip() for line in lines)


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
