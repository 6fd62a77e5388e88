"""The answer of a study of variational autoencoders, in words and for any outcome."""

import numpy as np
import pandas as pd

from studies.report.answer_parts import (
    cost_sentence,
    ending_sentence,
    quality_sentence,
    unranked_sentence,
)
from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.tables import measured_columns
from studies.report.vae_pairs import paired_by_datum
from studies.report.words import counted, escaped, fixed, listed, sentence, signed

_DIGITS = 2


def vae_answer(results: StudyResults) -> Answer:
    """What the study found."""
    if (results.cells["status"] != "ok").all():
        return Answer("No run ended well, so there is no answer.", (ending_sentence(results),))
    parts = [_level_sentence(results, dataset) for dataset in results.datasets]
    pairs = paired_by_datum(results)
    parts += [
        _pair_sentence(results, pairs, dataset, name)
        for dataset in results.datasets
        for name in results.others
    ]
    parts.append(
        quality_sentence(results, "log_likelihood", "test", "Over pairs of fits, in log p(x),")
    )
    if results.compares_times:
        parts.append(cost_sentence(results))
    parts.append(unranked_sentence(results))
    parts += [_autoencoder_sentence(results, name) for name in _autoencoders(results)]
    parts.append(ending_sentence(results))
    parts = [part for part in parts if part]
    return Answer(parts[0], tuple(parts[1:]))


def _level_sentence(results: StudyResults, dataset: str) -> str:
    """log p(x) and ELBO that each estimator reached on held-out data."""
    phrases, planned = [], set()
    for name in results.estimators:
        likelihood = results.values("log_likelihood", "test", dataset, name)
        bound = results.values("elbo", "test", dataset, name)
        if likelihood.empty or bound.empty:
            continue
        median = _in_scores(results, "log_likelihood", dataset, name)
        elbo = _in_scores(results, "elbo", dataset, name)
        phrases.append(f"{results.label(name)} reaches a log p(x) of {median} (ELBO {elbo})")
        planned.add(results.planned(dataset, name))
    if not phrases:
        return f"No likelihood was measured on {escaped(dataset)}."
    return (
        f"On {escaped(dataset)}, {listed(phrases)}: nats per datum of held-out data, "
        f"{_over_runs(results, planned)}, log p(x) estimated from below."
    )


def _over_runs(results: StudyResults, planned: set[int]) -> str:
    """What figures are of, where the estimators have `planned` runs each."""
    if not results.failures.empty:
        return "medians over the runs that ended well"
    if planned == {1}:
        return "one fit each"
    if len(planned) == 1:
        return f"medians over {counted(planned.pop(), 'seed')}"
    return "medians over each one's seeds"


def _in_scores(results: StudyResults, metric_name: str, dataset: str, estimator: str) -> str:
    """The median of a held-out score, with its place in the main table."""
    median = float(results.values(metric_name, "test", dataset, estimator).median())
    scales = ("", results.scale(dataset, estimator))
    columns = [
        column.name
        for column in measured_columns(results)
        if (column.metric.name, column.split) == (metric_name, "test") and column.scale in scales
    ]
    name = columns[0] if columns else f"{metric_name}_test"
    at = {"dataset": dataset, "estimator": estimator}
    return linked(fixed(median, _DIGITS), "scores", f"{name}_median", where=at)


def _pair_sentence(results: StudyResults, pairs: pd.DataFrame, dataset: str, name: str) -> str:
    """The paired difference in log p(x), image by image, of the fits that were made."""
    rows = pairs[
        (pairs["dataset"] == dataset)
        & (pairs["estimator"] == name)
        & (pairs["quantity"] == "log_likelihood")
    ]
    if rows.empty:
        return ""
    means = rows["mean"].to_numpy()
    place = f" on {escaped(dataset)}" if len(results.datasets) > 1 else ""
    at = {"dataset": dataset, "estimator": name, "quantity": "log_likelihood"}

    def said(text: str, take: str) -> str:
        return linked(text, "pairs", "mean", where=at, take=take)

    start = (
        f"image by image, {results.label(name)} differs from {results.label(results.baseline)}"
        f"{place} in log p(x) by {said(signed(float(means.mean())), 'mean')} nats per datum on "
        "average"
    )
    if len(means) > 1:
        low, high = (said(signed(float(f(means))), f.__name__) for f in (min, max))
        start += f" ({low} to {high} over {said(str(len(means)), 'count')} seeds)"
    return sentence(f"{start}: {_over_images(rows, means)}.")


def _over_images(rows: pd.DataFrame, means: np.ndarray) -> str:
    """What the images say of these very fits; what other fits would, the verdict says."""
    if np.all(means == 0):
        return "none at all"
    clear = int(((rows["low"] > 0) | (rows["high"] < 0)).sum())
    if clear == 0:
        return "these fits are not told apart by their images, every interval of which includes 0"
    if np.all(means > 0) or np.all(means < 0):
        which = "better" if means.mean() > 0 else "worse"
        return f"{which} on {'this seed' if len(means) == 1 else 'every seed'}"
    return "the sign changes from seed to seed"


def _autoencoder_sentence(results: StudyResults, name: str) -> str:
    """The score that an autoencoder shares, and the ones that it cannot have."""
    phrases = []
    for dataset in results.datasets:
        own = results.values("reconstruction_error", "test", dataset, name)
        other = results.values("reconstruction_error", "test", dataset, results.baseline)
        if own.empty or results.baseline == name:
            continue
        phrase = _in_scores(results, "reconstruction_error", dataset, name)
        if len(other):
            against = _in_scores(results, "reconstruction_error", dataset, results.baseline)
            phrase += f" against {against} of {results.label(results.baseline)}"
        phrases.append(phrase + f" on {escaped(dataset)}")
    start = (
        f"{results.label(name)} has no distribution of codes to draw from and no density, hence "
        "neither log p(x) nor ELBO"
    )
    if not phrases:
        return f"{start}."
    return (
        f"{start}; its held-out reconstruction error is {listed(phrases)} (nats per datum, lower "
        "is better)."
    )


def _autoencoders(results: StudyResults) -> list[str]:
    return [n for n in results.estimators if results.registered(n) == "autoencoder"]
