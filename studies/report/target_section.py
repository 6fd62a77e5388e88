"""The section on the common target: who reaches it, how often, and how soon."""

from dataclasses import replace
from functools import partial

from studies.report.common_sections import alternatives, target_section
from studies.report.loaded import StudyResults
from studies.report.model import Block, Figure, Section, Text
from studies.report.numbers import linked
from studies.report.target_data import Arrivals, arrivals
from studies.report.target_figures import draw_arrivals
from studies.report.target_profiles import profile_blocks
from studies.report.words import counted


def time_to_target_section(results: StudyResults) -> Section:
    """`target_section` with the distribution of times and performance profiles in it."""
    plain = target_section(results)
    found = arrivals(results)
    if len(plain.blocks) < 3 or found.frame.empty:
        return replace(plain, name="time-to-target")
    lead, table, *ways = plain.blocks
    blocks = [lead, table, Text(_misses(found)), *arrival_blocks(results, found)]
    return Section("time-to-target", plain.title, (*blocks, *ways))


def arrival_blocks(results: StudyResults, found: Arrivals) -> list[Block]:
    """How many had arrived by when and, of more than one estimator, performance profiles."""
    blocks: list[Block] = [_distribution(results, found)]
    if len(found.estimators) > 1 and len(found.problems("seconds")):
        blocks += profile_blocks(results, found)
    return blocks


def _misses(found: Arrivals) -> str:
    """How many runs never arrived, and why they are counted as they are."""
    frame = found.frame
    missed, planned = int((~frame["reached"]).sum()), len(frame)
    if missed == 0:
        if planned == 1:
            return "The one run reached it."
        return f"All {_in_target(counted(planned, 'run'), 'planned')} reached it."
    start = (
        f"{_in_target(f'{missed:,}', 'missed')} of "
        f"{_in_target(counted(planned, 'run'), 'planned')} never reached it"
    )
    unknown = int((~frame["reached"] & frame["whole_seconds"].isna()).sum())
    of_them = _in_target(f"{unknown:,}", "missed_not_well")
    left = f" ({of_them} of them did not end well)" if unknown else ""
    return (
        f"{start}{left}. Such a run counts in every share's denominator for good: its own stopping "
        "rule ended it, so it would never arrive, which is why no estimator for censored times "
        "(Kaplan and Meier's would let it arrive as late as others do) is used."
    )


def _in_target(text: str, column: str) -> str:
    """`text`, a count of runs, with its place in the table of the target."""
    return linked(text, "target", column, take="sum")


def _distribution(results: StudyResults, found: Arrivals) -> Figure:
    return Figure(
        name="arrivals",
        alt="Share of runs that reached the common target against steps and seconds, for "
        f"{alternatives(results, list(found.frame['dataset'].unique()), found.estimators)}.",
        caption="The share of all planned runs that had reached the target by then, over all data "
        "sets and seeds. Crosses: runs that stopped without it. At the right: the share that ever "
        "reached it; what is missing to 100% missed it.",
        draw=partial(draw_arrivals, results, found),
    )
