"""Sentences that the answers of all kinds of study share."""

import numpy as np

from studies.report.comparison import time_ratios
from studies.report.loaded import StudyResults
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
    """Fitting time as a multiple of the baseline's, over all pairs of runs."""
    phrases = []
    for name in results.others:
        by_dataset = [time_ratios(results, dataset, name) for dataset in results.datasets]
        by_dataset = [ratios for ratios in by_dataset if len(ratios)]
        if not by_dataset:
            continue
        every = np.concatenate(by_dataset)
        phrase = f"{results.label(name)} takes {significant(float(np.median(every)))} times as long"
        medians = [float(np.median(ratios)) for ratios in by_dataset]
        if len(medians) > 1:
            phrase += f" ({significant(min(medians))} to {significant(max(medians))} by data set)"
        phrases.append(phrase)
    if not phrases:
        return ""
    return (
        f"To fit, {listed(phrases)} as {results.label(results.baseline)}"
        f"{_baseline_seconds(results)} (median over pairs of runs, each until it stopped"
        f"{'; the machine had other work meanwhile' if results.was_loaded else ''})."
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
