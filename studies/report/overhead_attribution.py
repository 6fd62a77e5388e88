"""The section on where the milliseconds between the VAE by hand and Pyro's tutorial form go."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Bullets, Column, Entry, Figure, Section, Table, Text
from studies.report.overhead_data import SIZES, Ranged, Size, own_difference, ranged, timed_sizes
from studies.report.overhead_figures import draw_attribution
from studies.report.overhead_parts import (
    ASIDE,
    HAND,
    PARTS,
    TUTORIAL,
    Part,
    added,
    share_explained,
    total,
    unexplained,
)
from studies.report.words import MISSING, fixed, signed, significant

_TITLE = "Where the milliseconds go"


def attribution_section(results: StudyResults) -> Section:
    """Each part's milliseconds, their sum against the whole, and what they leave unexplained."""
    sizes = [s for s in timed_sizes(results, [SIZES]) if ranged(unexplained(results, s)).n]
    if not sizes:
        text = "This run has not every variant that the parts are told from."
        return Section("attribution", _TITLE, (Text(text),))
    points = [
        f"**{part.label}**: {part.meaning} ({results.label(part.more)} less "
        f"{results.label(part.less)})."
        for part in (*PARTS, *ASIDE)
        if {part.more, part.less} <= set(results.estimators)
    ]
    lead = (
        f"From {results.label(HAND)} to {results.label(TUTORIAL)} four things change. Each is "
        "measured by itself, as the difference of two implementations that differ in it alone; "
        "what all four add together need not be the sum of what each adds alone, and the rest is "
        "shown. Differences are of the same repetition."
    )
    figure = Figure(
        name="attribution",
        alt="Milliseconds per update that each part adds, their rest and the whole, by size.",
        caption="Milliseconds that each part adds to an update: medians over repetitions as marks, "
        "their range as bars, one panel a size. Below the line: what the parts' sum leaves of the "
        "whole, and the whole. Grey band: what the VAE by hand differed by from itself, at the "
        "most, in two runs of one repetition.",
        draw=partial(draw_attribution, results, sizes),
    )
    blocks = (Text(lead), Bullets(tuple(points)), figure, _table(results, sizes))
    return Section("attribution", _TITLE, blocks)


def _table(results: StudyResults, sizes: Sequence[Size]) -> Table:
    rows, records = [], []
    for size in sizes:
        rest, whole = ranged(unexplained(results, size)), ranged(total(results, size))
        parts = [ranged(added(results, size, part)) for part in (*PARTS, *ASIDE)]
        share = share_explained(results, size)
        own = own_difference(results, size)
        rows.append(
            (
                Entry(size.network),
                *(_entry(value) for value in parts[: len(PARTS)]),
                _entry(rest),
                Entry(_entry(whole).text, f"{fixed(100 * share, 0)}% explained"),
                *(_entry(value) for value in parts[len(PARTS) :]),
                Entry(significant(own, 2)),
            )
        )
        medians = [value.median for value in (*parts, rest, whole)]
        records.append((size.dataset, size.network, *medians, share, 100 * share, own))
    names = [part.name for part in (*PARTS, *ASIDE)]
    return Table(
        "attribution",
        "Milliseconds per update; medians over repetitions, below them their range. *Not "
        "explained* is the whole less the sum of the four before it, and below the whole stands "
        "what share of it they explain. The columns after the whole belong to no sum: what a "
        "sampled divergence costs by hand, what tracing the loss once saves, and what the VAE by "
        "hand differed by from itself at the most. Each column is a median of its own, what is not "
        "explained and the share are computed within a repetition: a row need not add up.",
        (
            Column("network", align="left"),
            *(_column(part) for part in PARTS),
            Column("not explained", "ms"),
            Column("whole", "ms"),
            *(_column(part) for part in ASIDE),
            Column("from itself", "ms"),
        ),
        tuple(rows),
        pd.DataFrame(
            records,
            columns=["dataset", "network", *names, *_OF_ALL],
        ),
    )


_OF_ALL = ("unexplained", "whole", "explained", "explained_percent", "own")


def _column(part: Part) -> Column:
    return Column(part.label, "ms")


def _entry(value: Ranged) -> Entry:
    if not value.n:
        return Entry(MISSING)
    span = f"{signed(value.low, 2)} to {signed(value.high, 2)}" if value.n > 1 else ""
    return Entry(signed(value.median), span)
