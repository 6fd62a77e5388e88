"""Time to a common target where only each implementation's own objective was noted on the way."""

import math
from dataclasses import dataclass

import pandas as pd

from studies.report.comparison import median_with_misses
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Section, Table, Text
from studies.report.speed_data import step_seconds, timed_points
from studies.report.words import fixed, nats, seconds, significant

_GROUP = "to-target"


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
    datasets = [point.dataset for point in timed_points(results, (_GROUP,))]
    title = "Time to a common target"
    if not datasets:
        return Section("speed-target", title, (Text("This run has no data set for it."),))
    dataset = datasets[0]
    found = {
        name: arrival(results, dataset, name)
        for name in results.estimators
        if results.planned(dataset, name)
    }
    point = timed_points(results, (_GROUP,))[0]
    lead = (
        f"On N = {fixed(point.n_rows, 0)}, D = {point.n_features}, K = {point.n_components}: the "
        f"first step at which an implementation's own objective is within {nats(results.target)} "
        "of the best that any of them reported from the same start. An objective is the "
        "log-likelihood before the step's update, so that all are one step late alike; nothing "
        "was scored on the way."
    )
    sentence = slowdown_sentence(results, dataset, found)
    blocks = (Text(f"{lead} {sentence}".strip()), _table(results, dataset, found))
    return Section("speed-target", title, blocks)


def arrival(results: StudyResults, dataset: str, name: str) -> Arrival:
    """When `name` reached the target on `dataset`."""
    way = results.traced("objective", "train", dataset).copy()
    best = way.groupby("seed")["value"].transform("max")
    there = way[(way["value"] >= best - results.target) & (way["estimator"] == name)]
    first = there.sort_values("step").drop_duplicates("seed").set_index("seed")
    seeds = results.runs(dataset, name)["seed"]
    steps = pd.Series([first["step"].get(seed, math.nan) for seed in seeds], dtype=float)
    times = pd.Series([first["seconds"].get(seed, math.nan) for seed in seeds], dtype=float)
    return Arrival(len(first), len(seeds), median_with_misses(steps), median_with_misses(times))


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
        steps = other.steps / own.steps
        price = step_seconds(results, dataset, name) / step_seconds(
            results, dataset, results.baseline
        )
        sentences.append(
            f"{results.label(name)} takes {significant(other.seconds / own.seconds)} times as long "
            f"as {results.label(results.baseline)}: it needs {fixed(other.steps, 0)} steps for "
            f"{fixed(own.steps, 0)} iterations ({significant(steps)} times as many), because a "
            "gradient step is short where the M-step goes to the maximum of its bound at once, and "
            f"a step costs {significant(price)} times an iteration, for the gradient and the "
            "optimiser's bookkeeping."
        )
    return " ".join(sentences)


def _table(results: StudyResults, dataset: str, found: dict[str, Arrival]) -> Table:
    rows, records = [], []
    for name, when in found.items():
        step = step_seconds(results, dataset, name)
        rows.append(
            (
                Entry(results.label(name)),
                Entry(f"{when.reached}/{when.planned}"),
                Entry("missed" if math.isnan(when.steps) else fixed(when.steps, 0)),
                Entry("missed" if math.isnan(when.seconds) else seconds(when.seconds)),
                Entry(significant(1e3 * step)),
            )
        )
        records.append((name, when.reached, when.planned, when.steps, when.seconds, step))
    return Table(
        "speed-target",
        "Medians over repetitions; *missed* where at least half never came so near.",
        (
            Column("implementation", align="left"),
            Column("reached"),
            Column("steps to target"),
            Column("time to target"),
            Column("time per step", "ms"),
        ),
        tuple(rows),
        pd.DataFrame(
            records,
            columns=["estimator", "reached", "planned", "steps", "seconds", "step_seconds"],
        ),
    )
