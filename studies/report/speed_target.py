"""Time to a common target where only each implementation's own objective was noted on the way."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from studies.report.comparison import median_with_misses, times_to_target
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Column, Entry, Section, Table, Text
from studies.report.numbers import linked
from studies.report.speed_data import Point, step_seconds, timed_points
from studies.report.speed_words import POINT_COLUMNS, point_entries
from studies.report.target_data import arrivals
from studies.report.target_section import arrival_blocks
from studies.report.words import counted, fixed, nats, seconds, significant

_NAME = "speed-target"
"""Of the section and of its table."""

_GROUP = "to-target"
_MEASURED = ("objective", "train")


@dataclass(frozen=True)
class Arrival:
    """When an implementation reached the target.

    Parameters
    ----------
    reached, planned
        Runs that did, and all.
    steps, seconds
        Medians over all planned runs, a miss counting as later than any; NaN if they are misses.
    """

    reached: int
    planned: int
    steps: float
    seconds: float


def speed_target_section(results: StudyResults) -> Section:
    """When each implementation came within the target's distance of the best, by its own word."""
    title = "Time to a common target"
    points = timed_points(results, (_GROUP,))
    if not points:
        return Section(_NAME, title, (Text("This run has no data set for it."),))
    found = {point.dataset: dataset_arrivals(results, point.dataset) for point in points}
    lead = (
        f"The first step at which an implementation's own objective is within "
        f"{nats(results.target)} of the best that any of them reported from the same start, at "
        f"{counted(len(points), 'size')}. An objective is the log-likelihood before the step's "
        "update, so that all are one step late alike; nothing was scored on the way. A run that "
        "never came so near is a miss, and stays in every count."
    )
    sentences = [_of_point(results, point, found[point.dataset]) for point in points]
    every = arrivals(results, [point.dataset for point in points], _MEASURED)
    blocks: list[Block] = [Text(lead)]
    if any(sentences):
        blocks.append(Bullets(tuple(sentence for sentence in sentences if sentence)))
    blocks += [_table(results, points, found), *arrival_blocks(results, every)]
    return Section(_NAME, title, tuple(blocks))


def _of_point(results: StudyResults, point: Point, found: dict[str, Arrival]) -> str:
    sentence = slowdown_sentence(results, point.dataset, found)
    size = f"N = {fixed(point.n_rows, 0)}, D = {point.n_features}, K = {point.n_components}"
    return f"**{size}.** {sentence}" if sentence else ""


def dataset_arrivals(results: StudyResults, dataset: str) -> dict[str, Arrival]:
    """When each implementation that was run on `dataset` reached the target."""
    times = times_to_target(results, [dataset], _MEASURED)
    return {
        str(name): Arrival(
            int(runs["reached"].sum()),
            len(runs),
            median_with_misses(runs["steps"]),
            median_with_misses(runs["seconds"]),
        )
        for name, runs in times.groupby("estimator", sort=False)
    }


def slowdown_sentence(results: StudyResults, dataset: str, found: dict[str, Arrival]) -> str:
    """How many times slower than EM each SVI is to the target, and of which factors that consists.

    Empty where either missed the target.
    """
    own = found.get(results.baseline)
    sentences = []
    for name, other in found.items():
        if results.registered(name) != "svi" or own is None:
            continue
        if math.isnan(own.seconds) or math.isnan(other.seconds):
            sentences.append(f"{results.label(name)} or EM missed it in half its runs or more.")
            continue
        taken = _multiples(results, dataset, name, found)
        times, steps, price = (
            _said(significant(taken[column]), dataset, name, column) for column in _MULTIPLES
        )
        many = _said(fixed(other.steps, 0), dataset, name, "steps")
        few = _said(fixed(own.steps, 0), dataset, results.baseline, "steps")
        sentences.append(
            f"{results.label(name)} takes {times} times as long as "
            f"{results.label(results.baseline)}: it needs {many} steps for {few} iterations "
            f"({steps} times as many), because a gradient step is short where the M-step goes to "
            f"the maximum of its bound at once, and a step costs {price} times an iteration, for "
            "the gradient and the optimiser's bookkeeping."
        )
    return " ".join(sentences)


_MULTIPLES = ("seconds_ratio", "steps_ratio", "step_seconds_ratio")


def _multiples(
    results: StudyResults, dataset: str, name: str, found: Mapping[str, Arrival]
) -> dict[str, float]:
    """Time to the target, steps and time per step, over those of the baseline."""
    own, other = found.get(results.baseline), found[name]
    if own is None:
        return dict.fromkeys(_MULTIPLES, math.nan)
    price = step_seconds(results, dataset, name) / step_seconds(results, dataset, results.baseline)
    ratios = (other.seconds / own.seconds, other.steps / own.steps, price)
    return dict(zip(_MULTIPLES, ratios, strict=True))


def _said(text: str, dataset: str, name: str, column: str) -> str:
    """`text`, a figure of an implementation on a data set, with its place in the table."""
    where = {"dataset": dataset, "estimator": name}
    return linked(text, _NAME, column, where=where)


def _table(
    results: StudyResults, points: Sequence[Point], found: Mapping[str, dict[str, Arrival]]
) -> Table:
    rows, records = [], []
    for point in points:
        for name, when in found[point.dataset].items():
            step = step_seconds(results, point.dataset, name)
            rows.append(
                (
                    *point_entries(point),
                    Entry(results.label(name)),
                    Entry(f"{when.reached}/{when.planned}"),
                    Entry("missed" if math.isnan(when.steps) else fixed(when.steps, 0)),
                    Entry("missed" if math.isnan(when.seconds) else seconds(when.seconds)),
                    Entry(significant(1e3 * step)),
                )
            )
            taken = (when.reached, when.planned, when.steps, when.seconds, step)
            ratios = _multiples(results, point.dataset, name, found[point.dataset])
            place = (point.dataset, *point.size, point.covariance_type, name)
            records.append((*place, *taken, *ratios.values()))
    sizes = ["n_rows", "n_features", "n_components", "covariance_type"]
    measured = ["estimator", "reached", "planned", "steps", "seconds", "step_seconds"]
    return Table(
        _NAME,
        "Medians over all planned repetitions; *missed* where at least half never came so near.",
        (
            *POINT_COLUMNS,
            Column("implementation", align="left"),
            Column("reached"),
            Column("steps to target"),
            Column("time to target"),
            Column("time per step", "ms"),
        ),
        tuple(rows),
        pd.DataFrame(records, columns=["dataset", *sizes, *measured, *_MULTIPLES]),
    )
