"""Sentences that the answers of all kinds of study share."""

import numpy as np

from studies.report.conditions import was_loaded
from studies.report.loaded import StudyResults
from studies.report.paired_data import paired_values
from studies.report.parity_data import failing_estimators
from studies.report.verdict_data import Compared, against_baseline
from studies.report.verdict_words import centre, cost_note, verdict_phrase
from studies.report.words import counted, listed, seconds, significant


def ending_sentence(results: StudyResults) -> str:
    """How many runs ended well, and of which estimators some did not."""
    total, failures = len(results.cells), results.failures
    if failures.empty:
        return "The one run ended well." if total == 1 else f"All {total:,} runs ended well."
    kinds = failures[["estimator", "status"]].value_counts(sort=False).sort_index()
    parts = [
        f"{results.label(estimator)}: {n:,} {status}"
        for estimator, status, n in kinds.reset_index().to_numpy()
    ]
    others = "" if len(failures) == total else ": what is said here is of the others"
    return (
        f"{len(failures):,} of {counted(total, 'run')} did not end well ({listed(parts)}) and "
        f"left no figures{others}."
    )


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
        notes.append(f"{significant(min(means))} to {significant(max(means))} by data set")
    return (
        f"{results.label(compared.one)} takes {centre(compared)} times as long ({'; '.join(notes)})"
    )


def runs_word(n: int) -> str:
    """All of so many runs.

    Examples
    --------
    >>> runs_word(1), runs_word(3)
    ('the one run', 'all 3 runs')
    """
    return "the one run" if n == 1 else f"all {n:,} runs"


def _baseline_seconds(results: StudyResults) -> str:
    if len(results.datasets) != 1:
        return ""
    values = results.values("fit_seconds", "", results.datasets[0], results.baseline)
    return f" with its {seconds(float(values.median()))}" if len(values) else ""
