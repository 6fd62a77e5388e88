"""The answer of a study of likelihoods: what a normaliser is worth, and what each one reaches."""

import math

from studies.report.answer_parts import ending_sentence
from studies.report.likelihoods_data import (
    Alternative,
    alternatives_of,
    brightness_change,
    normaliser_differences,
    twin_difference,
)
from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.words import escaped, fixed, listed, signed, significant

NONE = "No estimator of this study has a likelihood."
"""What there is to say where nothing has a likelihood."""


def likelihoods_answer(results: StudyResults) -> Answer:
    """What the normaliser is worth, what each likelihood reaches, and what they share."""
    if not alternatives_of(results):
        return Answer(NONE)
    if (results.cells["status"] != "ok").all():
        return Answer("No run ended well, so there is no answer.", (ending_sentence(results),))
    parts = [
        _normaliser_sentence(results),
        _shared_sentence(results),
        _brightness_sentence(results),
        *(_level_sentence(results, kind) for kind in _LEVELS),
        _twins_sentence(results),
        ending_sentence(results),
    ]
    parts = [part for part in parts if part]
    return Answer(parts[0], tuple(parts[1:]))


def _normaliser_sentence(results: StudyResults) -> str:
    phrases = []
    for likelihood, rows in normaliser_differences(results).groupby("likelihood", sort=False):
        middle = float(rows["mean"].median())
        one, other = (
            _of_normaliser(fixed(float(rows[column].median()), 1), column, str(likelihood))
            for column in ("with_it", "without_it")
        )
        size = _of_normaliser(signed(middle), "mean", str(likelihood))
        phrases.append(
            f"{size} nats per image against training as {escaped(str(likelihood))} "
            f"({one} and {other})"
        )
    if not phrases:
        return ""
    return (
        "As a density of grey pixels, the continuous Bernoulli trained with its normaliser scores "
        f"{listed(phrases)}, those with the normaliser put back."
    )


def _of_normaliser(text: str, column: str, likelihood: str) -> str:
    where = {"likelihood": likelihood}
    return linked(text, "likelihoods-normaliser", column, where=where, take="median")


def _shared_sentence(results: StudyResults) -> str:
    found = []
    for a in alternatives_of(results):
        values = results.values("squared_error", "test", a.dataset, a.estimator)
        if a.kind != "bits" and a.estimator == results.baseline and len(values):
            found.append((float(values.median()), a))
    if len(found) < 2:
        return ""
    found.sort(key=lambda pair: pair[0])
    phrases = [
        f"{escaped(a.likelihood)} {_median(a, 'likelihoods-shared', 'squared_error', value, 2)}"
        for value, a in found
    ]
    return (
        "The squared error of reconstructions, the one score that all models of grey pixels share, "
        f"is from lowest to highest: {listed(phrases)} (summed over an image's pixels)."
    )


def _brightness_sentence(results: StudyResults) -> str:
    for a in alternatives_of(results):
        change = brightness_change(results, a)
        if a.likelihood == "continuous-bernoulli-unnormalised" and not math.isnan(change):
            size = linked(
                f"{significant(100 * abs(change), 2)}%",
                "likelihoods-shared",
                "brightness_error",
                where=_place(a),
                take="percent",
            )
            return (
                "Without the normaliser, the mean of the density that the decoder stands for is "
                f"off: its reconstructions are {size} {'brighter' if change > 0 else 'darker'} "
                "than the images on average."
            )
    return ""


def _level_sentence(results: StudyResults, kind: str) -> str:
    metric = "pseudo_elbo" if kind == "none" else "log_likelihood"
    phrases = []
    for a in alternatives_of(results):
        values = results.values(metric, "test", a.dataset, a.estimator)
        if a.kind == kind and a.estimator == results.baseline and len(values):
            value = _median(a, f"likelihoods-{kind}", metric, float(values.median()), 1)
            phrases.append(f"{value} ({escaped(a.likelihood)})")
    return f"{_LEVELS[kind]} {listed(phrases)}." if phrases else ""


_LEVELS = {
    "bits": "log p(x) of bits is",
    "density": "The log density of grey pixels is",
    "none": "The tutorials' figure, which is no log probability, is",
}


def _twins_sentence(results: StudyResults) -> str:
    """How far the second implementation of a likelihood is from the first."""
    phrases = []
    for a in alternatives_of(results):
        difference = twin_difference(results, a)
        if not math.isnan(difference):
            column = "largest_twin_difference"
            table = f"likelihoods-{a.kind}"
            size = linked(significant(difference, 2), table, column, where=_place(a))
            phrases.append(f"{size} under {escaped(a.likelihood)} ({results.label(a.estimator)})")
    if not phrases:
        return ""
    return (
        f"log p(x) differs from that of {results.label(results.baseline)} on no seed by more nats "
        f"per image than {listed(phrases)}."
    )


def _median(a: Alternative, table: str, metric: str, value: float, digits: int) -> str:
    return linked(fixed(value, digits), table, f"{metric}_median", where=_place(a))


def _place(a: Alternative) -> dict[str, object]:
    return {
        "likelihood": a.likelihood,
        "estimator": a.estimator,
        "normalised_afterwards": False,
    }
