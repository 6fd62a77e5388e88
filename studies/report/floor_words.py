"""The noise floor in words: one line wherever times are compared."""

from collections.abc import Sequence

from studies.report.floor_data import SelfTimed, self_timings
from studies.report.loaded import StudyResults
from studies.report.tables import Measured
from studies.report.words import escaped, listed, significant
from studies.statistics import CONFIDENCE


def floor_text(results: StudyResults, quantities: Sequence[Measured]) -> str:
    """What estimators' times differ by from their own, a paragraph.

    It says so where that was not measured, and where an estimator's second times are not those of
    its first.
    """
    found = {q: self_timings(results, q) for q in quantities}
    found = {q: timings for q, timings in found.items() if timings}
    if not found:
        return _unmeasured(results)
    parts = [_phrase(results, q, timings) for q, timings in found.items()]
    drifted = [t for timings in found.values() for t in timings if t.drifted]
    return (
        "**Noise floor.** For its times alone each of these was run again beside the others, with "
        "the same settings, data and seed: "
        f"{'; '.join(parts)}. The floor is what the geometric mean of an estimator's second times "
        f"over its first differs by from 1 in {CONFIDENCE:.0%} of such studies by chance; a ratio "
        f"of two estimators' times within it is a tie.{_drift(results, drifted)}"
    )


def _phrase(results: StudyResults, quantity: Measured, timings: tuple[SelfTimed, ...]) -> str:
    floors = [
        f"{results.label(t.estimator)} {significant(100 * t.floor.ratio, 2)}% over {t.floor.n} of "
        f"{t.planned} pairs (its second times were {significant(t.ratio)} times its first)"
        for t in timings
    ]
    return f"{escaped(quantity.metric.label)}: {listed(floors)}"


def _drift(results: StudyResults, drifted: list[SelfTimed]) -> str:
    if not drifted:
        return ""
    names = listed(list(dict.fromkeys(results.label(t.estimator) for t in drifted)))
    return (
        f" **{names} differed from itself by more than that: the machine did not stay as it was, "
        "so take every verdict on time with care.**"
    )


def _unmeasured(results: StudyResults) -> str:
    if results.repeats:
        return "**Noise floor.** Not measured: no repeated run ended well."
    return (
        "**Noise floor.** Not measured: no estimator was timed a second time (a study file asks "
        "for it by `comparison.repeats`), so a verdict on time allows for what varies from pair to "
        "pair but not for what two processes of one estimator differ by."
    )
