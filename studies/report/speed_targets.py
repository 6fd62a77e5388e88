"""The targets that EM by hand is held to, each met or not met with its figure."""

import math
from collections.abc import Sequence
from functools import partial

from studies.report.answer_parts import ending_sentence
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Table
from studies.report.speed_data import Point, Speedup, combined, timed_points
from studies.report.speed_held import Held, Verdict, count_said, held_table, spread
from studies.report.speed_restarts import restart_figure, restart_speed
from studies.report.speed_words import in_step_seconds
from studies.report.words import counted, listed, significant

STATED_SIZES = (
    (100_000, 2, 8),
    (100_000, 16, 16),
    (100_000, 32, 32),
    (1_000_000, 8, 16),
)
"""(N, D, K) that the targets speak of."""

RIVAL = "sklearn"
_LARGE, _SMALL = "sizes", ("iris", "faithful")
_KINDS = ("full", "tied", "diag", "spherical")
_FULL_FACTOR, _OTHER_FACTOR, _RESTARTS_FACTOR, _MEMORY_LIMIT = 8.0, 3.0, 10.0, 200.0


def verdicts(results: StudyResults) -> tuple[Verdict, ...]:
    """Every target's verdict, in order."""
    single = [n for n in results.estimators if n == "em-float32"]
    peers = [n for n in ("pomegranate", "torchgmm") if n in results.estimators]
    return (
        _factor(results, ("full",), _FULL_FACTOR),
        _factor(results, ("tied", "diag", "spherical"), _OTHER_FACTOR),
        _small_tables(results),
        *(_against_peer(results, own, peer) for own in single for peer in peers),
        _restarts(results),
        _memory(results),
    )


def target_table(results: StudyResults) -> Table:
    """The figures of the answer and of every target."""
    return held_table(_of_all_sizes(results), verdicts(results))


def speed_answer(results: StudyResults) -> Answer:
    """What an iteration costs, in words."""
    if (results.cells["status"] != "ok").all():
        return Answer("No run ended well, so there is no answer.", (ending_sentence(results),))
    speed = _of_all_sizes(results)
    details = [_count_sentence(verdicts(results)), ending_sentence(results)]
    if not speed.repetitions:
        return Answer(details[0], tuple(details[1:]))
    headline = (
        f"With full covariances {results.label(results.baseline)} makes {speed.said_figure()} "
        f"iterations in the time of one of {results.label(RIVAL)}, in the geometric mean over "
        f"{speed.said(counted(speed.sizes, 'size'), 'sizes')} ({_spread(speed)})."
    )
    return Answer(headline, tuple(details))


def _of_all_sizes(results: StudyResults) -> Held:
    """The speed with full covariances at every size that was run, stated or not."""
    points = [p for p in timed_points(results, [_LARGE]) if p.covariance_type == "full"]
    speed = combined(results, points, results.baseline, RIVAL)
    return Held.of("full covariances, all sizes run", speed, points)


def _count_sentence(judged: Sequence[Verdict]) -> str:
    """How many targets are met, and which are not."""
    missed = [v for v in judged if v.met is False]
    met, unknown = sum(v.met is True for v in judged), sum(v.met is None for v in judged)
    asked = count_said(len(judged), "asked", "target")
    parts = [f"Of {asked} {count_said(met, 'met')} {_is(met)} met"]
    if missed:
        which = [f"{v.target[:1].lower()}{v.target[1:]} ({v.figure})" for v in missed]
        many = count_said(len(missed), "missed")
        parts.append(f"{many} {_is(len(missed))} not: {'; '.join(which)}")
    if unknown:
        parts.append(f"{count_said(unknown, 'not_judged')} could not be judged")
    return f"{listed(parts)}."


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def stated(points: Sequence[Point], kind: str) -> list[Point]:
    """The points of a covariance type at the stated sizes; none unless all sizes are there."""
    found = {p.size: p for p in points if p.covariance_type == kind}
    return [found[s] for s in STATED_SIZES] if all(s in found for s in STATED_SIZES) else []


def _factor(results: StudyResults, kinds: Sequence[str], factor: float) -> Verdict:
    target = (
        f"At least {significant(factor)} times {results.label(RIVAL)}'s speed per iteration with "
        f"{listed(kinds)} covariances, in the geometric mean over the stated sizes"
    )
    points = _all_stated(results, kinds)
    speed = combined(results, points, results.baseline, RIVAL)
    held = Held.of(f"{listed(kinds)} covariances", speed, points)
    if not speed.repetitions:
        return Verdict(target, None, _missing(points), held)
    figure = f"{held.said_figure()} times ({_spread(held)}; {_least(held)})"
    return Verdict(target, speed.mean >= factor, figure, held)


def _small_tables(results: StudyResults) -> Verdict:
    target = f"Never slower per iteration than {results.label(RIVAL)} on a small table"
    points = timed_points(results, _SMALL)
    speeds = [combined(results, [p], results.baseline, RIVAL) for p in points]
    if {p.group for p in points} != set(_SMALL) or not all(s.repetitions for s in speeds):
        why = "the small tables were not all run, or may not be ranked"
        return Verdict(target, None, why, Held(_SMALLEST))
    figures = [_small_table(p, s) for p, s in zip(points, speeds, strict=True)]
    slowest = min(speeds, key=lambda speed: speed.mean)
    held = Held.of(_SMALLEST, slowest, points)
    return Verdict(target, slowest.mean >= 1, listed(figures), held)


_SMALLEST = "small tables, the slowest of them"


def _small_table(point: Point, speed: Speedup) -> str:
    """How fast one of them is; its figures are those of the table of times per iteration."""
    said = partial(in_step_seconds, point.dataset, RIVAL)
    ranged = spread(speed.repetitions, speed.low, speed.high, said)
    return (
        f"{point.group} {point.covariance_type} {said(significant(speed.mean), 'ratio')} times as "
        f"fast ({ranged})"
    )


def _against_peer(results: StudyResults, own: str, peer: str) -> Verdict:
    target = f"Faster per iteration than {results.label(peer)} in float32 at each stated size"
    kinds = [
        k for k in _KINDS if combined(results, _all_stated(results, [k]), own, peer).repetitions
    ]
    points = _all_stated(results, kinds)
    speed = combined(results, points, own, peer)
    held = Held.of(f"against {results.label(peer)} in float32", speed, points)
    if not speed.repetitions:
        return Verdict(target, None, _missing(_all_stated(results, _KINDS)), held)
    figure = (
        f"{held.said_figure()} times in the geometric mean over {listed(kinds)} covariances "
        f"({_spread(held)}; {_least(held)})"
    )
    return Verdict(target, speed.least > 1, figure, held)


def _restarts(results: StudyResults) -> Verdict:
    target = (
        f"At least {significant(_RESTARTS_FACTOR)} times {results.label(RIVAL)}'s speed over a "
        "sweep of K with 20 starts each, to the same best optimum"
    )
    name = "a sweep of K with many starts"
    speed = restart_speed(results, RIVAL)
    if speed is None:
        return Verdict(target, None, "the sweep was not run, or not to its end", Held(name))
    held = Held(
        name,
        figure=speed.mean,
        low=min(speed.factors),
        high=max(speed.factors),
        behind=speed.worst,
        sizes=speed.sizes,
        repetitions=len(speed.factors),
    )
    met = speed.mean >= _RESTARTS_FACTOR and speed.reaches_the_same
    return Verdict(target, met, restart_figure(speed, held.said), held)


def _memory(results: StudyResults) -> Verdict:
    target = f"Less than {significant(_MEMORY_LIMIT)} MB beyond the data at each stated size"
    name = "memory beyond the data, MB"
    points = _all_stated(results, _KINDS)
    values = [
        float(results.values("fit_memory", "", p.dataset, results.baseline).max()) for p in points
    ]
    if not values or any(math.isnan(v) for v in values):
        missing = "memory could not be measured in every run" if points else _missing(points)
        return Verdict(target, None, missing, Held(name))
    held = Held(name, figure=max(values), sizes=len(points), repetitions=results.n_seeds)
    figure = f"{held.said_figure()} MB at the most"
    return Verdict(target, max(values) < _MEMORY_LIMIT, figure, held)


def _all_stated(results: StudyResults, kinds: Sequence[str]) -> list[Point]:
    every = timed_points(results, [_LARGE])
    found = [stated(every, kind) for kind in kinds]
    return [point for points in found for point in points] if all(found) else []


def _missing(points: Sequence[Point]) -> str:
    if not points:
        return "the stated sizes were not all run"
    return "not every size has both times, or the two do not agree there"


def _spread(held: Held) -> str:
    return spread(held.repetitions, held.low, held.high, held.said)


def _least(held: Held) -> str:
    return f"{held.said_figure('least')} at the least favourable size"
