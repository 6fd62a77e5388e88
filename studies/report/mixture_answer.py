"""The answer of a mixture study, in words, from its figures and for any outcome."""

import numpy as np
import pandas as pd

from studies.report.answer_parts import (
    cost_sentence,
    ending_sentence,
    quality_sentence,
    runs_word,
    unranked_sentence,
)
from studies.report.comparison import seed_differences
from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.progress_figures import rounding
from studies.report.words import counted, escaped, listed, nats, signed, significant


def mixture_answer(results: StudyResults) -> Answer:
    """What the study found."""
    if (results.cells["status"] != "ok").all():
        return Answer("No run ended well, so there is no answer.", (ending_sentence(results),))
    parts = [_gap_sentence(results)] if "gap" in results.metrics else []
    if results.others:
        parts += [
            _training_sentence(results),
            quality_sentence(results, "log_likelihood", "test", "On held-out data"),
            cost_sentence(results),
            unranked_sentence(results),
        ]
    else:
        parts.append(_alone_sentence(results))
    parts.append(ending_sentence(results))
    parts = [part for part in parts if part]
    return Answer(parts[0], tuple(parts[1:]))


def _gap_sentence(results: StudyResults) -> str:
    """Where each estimator's bound ends on the training data."""
    phrases = []
    for name in results.estimators:
        gaps = pd.concat([_last_gaps(results, d, name) for d in results.datasets])
        if len(gaps):
            phrases.append(f"for {results.label(name)} {_gap_phrase(gaps, rounding(results))}")
    if not phrases:
        return ""
    return (
        "After the last step the bound on the training data is below the log-likelihood by, in "
        "nats per datum: "
        f"{'; '.join(phrases)}."
    )


def _last_gaps(results: StudyResults, dataset: str, name: str) -> pd.Series:
    """The gap at the last step of every run, at the q that the step used.

    It is the stored score where a run recorded no progress.
    """
    way = results.traced("gap", "train", dataset)
    last = way[way["estimator"] == name].sort_values("step").groupby("seed")["value"].last()
    return last.combine_first(results.values("gap", "train", dataset, name))


def _gap_phrase(gaps: pd.Series, noise: float) -> str:
    n = len(gaps)
    if gaps.min() < -noise:
        return (
            f"{significant(float(gaps.min()))} at the least, which is above the log-likelihood: no "
            "bound can be there, so something is wrong"
        )
    if gaps.max() == 0:
        return f"exactly 0 in {runs_word(n)}"
    if gaps.max() <= noise:
        return f"0 to rounding in {runs_word(n)}"
    if gaps.min() == gaps.max():
        return f"{significant(float(gaps.max()))} in {runs_word(n)}"
    return (
        f"{significant(float(gaps.median()))} (median; {significant(max(float(gaps.min()), 0.0))} "
        f"to {significant(float(gaps.max()))} over {counted(n, 'run')})"
    )


def _training_sentence(results: StudyResults) -> str:
    """How near each estimator comes to the baseline on the training data, run for run."""
    phrases = [_training_phrase(results, name) for name in results.others]
    phrases = [phrase for phrase in phrases if phrase]
    if not phrases:
        return (
            f"Nothing can be compared with {results.label(results.baseline)}, the baseline: there "
            "is no seed on which both it and another estimator ended well."
        )
    return (
        f"From the same starts as {results.label(results.baseline)}, and on the training data, "
        f"{'; '.join(phrases)}."
    )


def _training_phrase(results: StudyResults, name: str) -> str:
    margin = results.target
    where, found = [], []
    for dataset in results.datasets:
        values = seed_differences(results, "log_likelihood", "train", dataset, name)
        where += [dataset] * len(values)
        found += list(values)
    if not found:
        return ""
    differences = np.array(found)
    largest = int(np.argmax(np.abs(differences)))
    place = f", on {escaped(where[largest])}" if len(results.datasets) > 1 else ""
    worst = f"largest difference {signed(float(differences[largest]))}{place}"
    within = int((np.abs(differences) <= margin).sum())
    n = len(differences)
    if within == n:
        many = "the one pair" if n == 1 else f"all {n} pairs"
        return (
            f"{results.label(name)} ends within {nats(margin)} of its log-likelihood in {many} of "
            f"runs ({worst})"
        )
    above, below = int((differences > margin).sum()), int((differences < -margin).sum())
    sides = [f"above by more in {above}"] * (above > 0) + [f"below by more in {below}"] * (
        below > 0
    )
    return (
        f"{results.label(name)} ends within {nats(margin)} of its log-likelihood in {within} of "
        f"{counted(n, 'pair')} of runs, {listed(sides)} ({worst})"
    )


def _alone_sentence(results: StudyResults) -> str:
    """One estimator: what it reached."""
    name = results.estimators[0]
    phrases: list[str] = []
    for dataset in results.datasets:
        values = results.values("log_likelihood", "train", dataset, name)
        if len(values):
            phrases.append(f"{significant(float(values.median()), 4)} on {escaped(dataset)}")
    if not phrases:
        return ""
    return (
        f"{results.label(name)}, alone in this study, reaches a median training log-likelihood of "
        f"{listed(phrases)} (nats per datum)."
    )
