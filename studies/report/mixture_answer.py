"""The answer of a mixture study, in words, from its figures and for any outcome."""

import numpy as np
import pandas as pd

from studies.report.answer_parts import (
    cost_sentence,
    ending_sentence,
    quality_sentence,
    unranked_sentence,
)
from studies.report.comparison import seed_differences
from studies.report.gap_data import GAP_ENDS, gap_ends, last_gaps, new_gaps
from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.progress_figures import rounding
from studies.report.words import escaped, listed, nats, signed, significant


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
        gaps = last_gaps(results, name)
        if len(gaps):
            phrase = _gap_phrase(name, gaps, rounding(results))
            phrases.append(f"for {results.label(name)} {phrase}")
    if not phrases:
        return ""
    return (
        "After the last step the bound on the training data is below the log-likelihood by, in "
        "nats per datum: "
        f"{'; '.join(phrases)}.{_new_gap_words(results)}"
    )


def _new_gap_words(results: StudyResults) -> str:
    """What a q that was learned leaves on data it never saw."""
    phrases = []
    for name in results.estimators:
        gaps, noise = new_gaps(results, name), rounding(results)
        if len(gaps) and float(gaps.abs().max()) > noise:
            phrases.append(f"{_new_gap_phrase(name, gaps, noise)} for {results.label(name)}")
    if not phrases:
        return ""
    which = "at the q that the fitted model gives them"
    return f" On held-out data, {which}, it is below by {listed(phrases)}."


def _new_gap_phrase(name: str, gaps: pd.Series, noise: float) -> str:
    ends = gap_ends(gaps, noise)
    median, low, high = (
        linked(significant(ends[end]), GAP_ENDS, f"new_{end}", where={"estimator": name})
        for end in ("median", "min", "max")
    )
    return median if len(gaps) == 1 else f"{median} (median; {low} to {high})"


def _gap_phrase(name: str, gaps: pd.Series, noise: float) -> str:
    def said(column: str, value: float) -> str:
        return linked(significant(value), GAP_ENDS, column, where={"estimator": name})

    n, low, high = len(gaps), float(gaps.min()), float(gaps.max())
    over = linked(f"{n:,}", GAP_ENDS, "runs", where={"estimator": name})
    all_runs = "the one run" if n == 1 else f"all {over} runs"
    if low < -noise:
        return (
            f"{said('gap_min', low)} at the least, which is above the log-likelihood: no bound can "
            "be there, so something is wrong"
        )
    if high == 0:
        return f"exactly 0 in {all_runs}"
    if high <= noise:
        return f"0 to rounding in {all_runs}"
    if low == high:
        return f"{said('gap_max', high)} in {all_runs}"
    return (
        f"{said('gap_median', float(gaps.median()))} (median; {said('gap_min', max(low, 0.0))} to "
        f"{said('gap_max', high)} over {over} runs)"
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
    value = float(differences[largest])
    end = "train_max" if value > 0 else "train_min"
    at = {"dataset": where[largest], "estimator": name}
    worst = f"largest difference {linked(signed(value), 'pairs', end, where=at)}{place}"
    within = int((np.abs(differences) <= margin).sum())
    n = len(differences)

    def said(count: int, column: str) -> str:
        return linked(str(count), "pairs", column, where={"estimator": name}, take="sum")

    if within == n:
        many = "the one pair" if n == 1 else f"all {said(n, 'train_pairs')} pairs"
        return (
            f"{results.label(name)} ends within {nats(margin)} of its log-likelihood in {many} of "
            f"runs ({worst})"
        )
    above, below = int((differences > margin).sum()), int((differences < -margin).sum())
    sides = [
        f"{side} by more in {said(count, f'train_{side}')}"
        for side, count in (("above", above), ("below", below))
        if count
    ]
    return (
        f"{results.label(name)} ends within {nats(margin)} of its log-likelihood in "
        f"{said(within, 'train_within')} of {said(n, 'train_pairs')} "
        f"{'pair' if n == 1 else 'pairs'} of runs, {listed(sides)} ({worst})"
    )


def _alone_sentence(results: StudyResults) -> str:
    """One estimator: what it reached."""
    name = results.estimators[0]
    phrases: list[str] = []
    for dataset in results.datasets:
        values = results.values("log_likelihood", "train", dataset, name)
        if len(values):
            at = {"dataset": dataset, "estimator": name}
            median = significant(float(values.median()), 4)
            median = linked(median, "scores", "log_likelihood_train_median", where=at)
            phrases.append(f"{median} on {escaped(dataset)}")
    if not phrases:
        return ""
    return (
        f"{results.label(name)}, alone in this study, reaches a median training log-likelihood of "
        f"{listed(phrases)} (nats per datum)."
    )
