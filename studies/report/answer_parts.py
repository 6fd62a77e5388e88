"""Sentences that the answers of all kinds of study share."""

import numpy as np

from studies.report.conditions import was_loaded
from studies.report.endings import ENDINGS
from studies.report.loaded import StudyResults
from studies.report.numbers import linked
from studies.report.paired_data import paired_values
from studies.report.parity_data import failing_estimators
from studies.report.verdict_data import Compared, against_baseline
from studies.report.verdict_words import cost_note, said_centre, verdict_phrase
from studies.report.words import listed, seconds, significant


def ending_sentence(results: StudyResults) -> str:
    """How many runs ended well, and of which estimators some did not."""
    total, failures = len(results.cells), results.failures
    if failures.empty:
        if total == 1:
            return "The one run ended well."
        return f"All {linked(f'{total:,}', ENDINGS, 'planned', take='sum')} runs ended well."
    kinds = failures[["estimator", "status"]].value_counts(sort=False).sort_index()
    parts = [
        f"{results.label(estimator)}: {_ended(f'{n:,}', estimator, status)} {status}"
        for estimator, status, n in kinds.reset_index().to_numpy()
    ]
    others = "" if len(failures) == total else ": what is said here is of the others"
    return (
        f"{linked(f'{len(failures):,}', ENDINGS, 'not_well', take='sum')} of "
        f"{linked(f'{total:,}', ENDINGS, 'planned', take='sum')} {'run' if total == 1 else 'runs'} "
        f"did not end well ({listed(parts)}) and left no figures{others}."
    )


def _ended(text: str, estimator: str, status: str) -> str:
    return linked(text, ENDINGS, status.replace(" ", "_"), where={"estimator": estimator})


def cost_sentence(results: StudyResults) -> str:
    """Fitting time as a multiple of the baseline's, over all pairs of runs, and its verdict."""
    compared = [c for c in against_baseline(results, "fit_seconds", "") if c.summary.n]
    if not compared:
        return ""
    return (
        f"To fit, {listed([_cost_phrase(results, c) for c in compared])} as "
        f"{results.label(results.baseline)}{_baseline_seconds(results)} (geometric means over "
        "pairs of runs, each until it stopped"
        f"{'; the machine had other work meanwhile' if was_loaded(results) else ''})."
    )


def quality_sentence(results: StudyResults, metric_name: str, split: str, start: str) -> str:
    """Every other estimator's verdict against the baseline in one quantity; empty if none."""
    compared = against_baseline(results, metric_name, split)
    phrases = [f"{results.label(c.one)} is {verdict_phrase(results, c)}" for c in compared]
    return f"{start} {'; '.join(phrases)}." if phrases else ""


def unranked_sentence(results: StudyResults) -> str:
    """Which estimators are compared with none, having failed the parity gate; empty if none."""
    names = [results.label(name) for name in failing_estimators(results)]
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"{listed(names)} {verb} ranked against nobody, having failed the parity gate."


def _cost_phrase(results: StudyResults, compared: Compared) -> str:
    by_dataset: dict[str, list[float]] = {}
    values = paired_values(results, compared.quantity, compared.one, compared.other)
    for (dataset, _), value in values.items():
        if np.isfinite(value):
            by_dataset.setdefault(dataset, []).append(value)
    means = [float(np.exp(np.mean(ratios))) for ratios in by_dataset.values()]
    notes = [cost_note(compared)]
    if len(means) > 1:
        low, high = (_ratio(results, compared.one, means, take) for take in ("min", "max"))
        notes.append(f"{low} to {high} by data set")
    return (
        f"{results.label(compared.one)} takes {said_centre(compared)} times as long "
        f"({'; '.join(notes)})"
    )


def _ratio(results: StudyResults, estimator: str, means: list[float], take: str) -> str:
    """The least or the largest ratio of times, with its rows where a table has them."""
    text = significant({"min": min, "max": max}[take](means))
    table = "pairs" if results.kind == "mixture" else "scores"
    return linked(text, table, "time_ratio_mean", where={"estimator": estimator}, take=take)


def _baseline_seconds(results: StudyResults) -> str:
    if len(results.datasets) != 1:
        return ""
    values = results.values("fit_seconds", "", results.datasets[0], results.baseline)
    if values.empty:
        return ""
    where = {"dataset": results.datasets[0], "estimator": results.baseline}
    time = linked(seconds(float(values.median())), "scores", "fit_seconds_median", where=where)
    return f" with its {time}"
