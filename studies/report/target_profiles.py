"""Performance profiles of the times to target: the chart, and its figures as a table."""

from functools import partial

import pandas as pd

from studies.report.common_sections import alternatives
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Figure, Table
from studies.report.numbers import linked
from studies.report.progress_figures import CLOCKS, clock_name
from studies.report.target_data import Arrivals
from studies.report.target_figures import draw_profiles
from studies.report.words import counted
from studies.statistics import performance_profile

_NAME = "profiles"
_WITHIN = {1: "first", 2: "within 2×"}


def profile_blocks(results: StudyResults, found: Arrivals) -> tuple[Figure, Table]:
    """Dolan and Moré's profiles by steps and by seconds, and their values at 1, 2 and the end."""
    table = _table(results, found)
    return _figure(results, found, table.frame), table


def _figure(results: StudyResults, found: Arrivals, frame: pd.DataFrame) -> Figure:
    problems, nobody, at_target = (
        _in_table(counted(int(frame[column].max()), "problem"), column)
        for column in ("problems", "unsolved", "solved_at_start")
    )
    unsolved = f" Nobody solved {nobody}." if frame["unsolved"].any() else ""
    started = (
        f" Left out: {at_target} whose start is at the target."
        if frame["solved_at_start"].any()
        else ""
    )
    return Figure(
        name=_NAME,
        alt="Performance profiles: share of problems solved within a multiple of the best time, "
        f"for {alternatives(results, results.datasets, found.estimators)}.",
        caption=f"Performance profiles (Dolan and Moré, 2002) over {problems}, each a data set and "
        "seed: the share that an estimator solved, which is to reach the target, within so many "
        "times the time (or steps) of whoever was first there. At 1: how often it is the first; "
        f"at the right: how often it arrives at all.{unsolved}{started}",
        draw=partial(draw_profiles, results, found),
    )


def _table(results: StudyResults, found: Arrivals) -> Table:
    problems = {clock: found.problems(clock) for clock in CLOCKS}
    times: pd.DataFrame = problems["seconds"]
    profiles = {
        clock: dict(zip(found.estimators, performance_profile(p.to_numpy(float)), strict=True))
        for clock, p in problems.items()
    }
    rows, records = [], []
    for name in found.estimators:
        shares = {
            f"within_{within}_{clock}": profiles[clock][name].value(within)
            for clock in CLOCKS
            for within in _WITHIN
        }
        solved = int(times[name].notna().sum())
        rows.append(
            (
                Entry(results.label(name)),
                *(Entry(f"{share:.0%}") for share in shares.values()),
                Entry(f"{solved} of {len(times)}"),
            )
        )
        records.append(
            {
                "estimator": name,
                **shares,
                "solved": solved,
                "problems": len(times),
                "unsolved": int(times.isna().all(axis=1).sum()),
                "solved_at_start": found.solved_at_start,
            }
        )
    words = {"step": clock_name(results, "step"), "seconds": "seconds"}
    return Table(
        name=_NAME,
        caption="The profiles in figures: on what share of the problems an estimator was the first "
        "at the target, or took at most twice as much as the first, by "
        f"{words['step']} and by seconds of fitting; and on how many it reached the target.",
        columns=(
            Column("estimator", align="left"),
            *(Column(f"{title}, {words[clock]}") for clock in CLOCKS for title in _WITHIN.values()),
            Column("reached"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _in_table(text: str, column: str) -> str:
    """`text`, a count of problems, with its place in the table of profiles."""
    return linked(text, _NAME, column, take="max")
