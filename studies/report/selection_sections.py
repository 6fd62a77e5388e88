"""Choosing the number of components: which K each criterion takes, and what is known."""

from functools import partial

import pandas as pd

from studies.metrics import METRICS
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Column, Entry, Figure, Section, Table, Text
from studies.report.pruning_sections import pruning_sentences
from studies.report.selection_data import (
    CRITERIA,
    Choice,
    Criterion,
    choice,
    covariance_type,
    curve,
    known_classes,
    published_choice,
    swept_groups,
)
from studies.report.selection_figures import draw_criteria, draw_held_out
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import MISSING, counted, escaped, listed

_TITLE = "How many components each criterion chooses"


def selection_answer(results: StudyResults) -> Answer:
    """Which K each criterion chooses, data set by data set, and what pruning leaves."""
    sentences = [_headline(results)]
    sentences += [_group_sentence(results, group) for group in swept_groups(results)]
    sentences = [s for s in sentences if s] + pruning_sentences(results)
    if not sentences:
        return Answer("No data set has a run for every number of components, so nothing is chosen.")
    return Answer(sentences[0], tuple(sentences[1:]))


def selection_section(results: StudyResults) -> Section:
    """The table of choices, and the criteria and the held-out likelihood against K."""
    groups = [g for g in swept_groups(results) if choice(results, g, CRITERIA[0]) is not None]
    if not groups:
        return Section(
            "selection", _TITLE, (Text("No data set has a run for every number of components."),)
        )
    lead = Text(
        f"{results.label(results.baseline)} is fitted with every K to the same rows, on several "
        "splits. BIC and ICL are of the training rows; the held-out log-likelihood is of rows that "
        "the fit never saw. A criterion's choice is its best K, split by split."
    )
    criteria = Figure(
        name="criteria",
        alt=f"BIC and ICL against K on {listed(groups)}, with the K that each chooses most often.",
        caption="BIC and ICL above the lowest of the same split, in twice the total nats. Line: "
        "median over seeds; band: smallest to largest; ring: the K chosen most often; dotted: the "
        "number of known classes. The axis is linear up to 10, which is very strong evidence (Kass "
        "and Raftery, 1995), and logarithmic beyond.",
        draw=partial(draw_criteria, results, groups),
    )
    held_out = Figure(
        name="held-out",
        alt=f"Gain in log-likelihood over one component against K on {listed(groups)}, on held-out "
        "and on training rows.",
        caption="Log-likelihood less that of the smallest K on the same split, in nats per datum. "
        "Line: median over seeds; band: smallest to largest; dashed: median of the training rows, "
        "which can only gain from one more component at the highest optimum, as held-out rows need "
        "not. Ring: the K that is best on held-out rows most often; dotted: the number of known "
        "classes.",
        draw=partial(draw_held_out, results, groups),
    )
    notes = [Text(note) for note in [_spurious(results, groups)] if note]
    return Section("selection", _TITLE, (lead, _table(results, groups), *notes, criteria, held_out))


def _spurious(results: StudyResults, groups: list[str]) -> str:
    """Which runs found no regular optimum, and so flatter their K."""
    total, places = 0, []
    for group in groups:
        regular = curve(results, group, "regular", "")
        total += regular.size
        for K, values in regular.items():
            if (lost := int((values != 1).sum())) > 0:
                places.append((lost, f"{escaped(group)} with K = {K} ({lost})"))
    lost = sum(count for count, _ in places)
    if not lost:
        return ""
    return (
        f"**In {lost} of {counted(total, 'run')} no start ended in a regular optimum**, and what "
        "was kept is a spurious one, whose training figures and criteria flatter its K: "
        f"{listed([place for _, place in places])}. {METRICS['regular'].description}"
    )


def _headline(results: StudyResults) -> str:
    """How often each criterion finds the number of classes where that is known."""
    known = {g: known_classes(results, g) for g in swept_groups(results)}
    groups = [g for g, n in known.items() if n and choice(results, g, CRITERIA[0]) is not None]
    if not groups:
        return ""
    parts = []
    for criterion in CRITERIA:
        found = [choice(results, g, criterion) for g in groups]
        right = [g for g, c in zip(groups, found, strict=True) if c and c.usual == known[g]]
        where = f" ({listed([escaped(g) for g in right])})" if right else ""
        parts.append(f"{criterion.label} on {len(right) or 'none'}{where}")
    return (
        f"The most frequent choice is the number of known classes, of "
        f"{counted(len(groups), 'data set')} with such, by {listed(parts)}."
    )


def _group_sentence(results: StudyResults, group: str) -> str:
    found = [(c, choice(results, group, c)) for c in CRITERIA]
    phrases = [f"{c.label} chooses {_chosen(taken)}" for c, taken in found if taken is not None]
    if not phrases:
        return ""
    return f"**{escaped(group)}**: {listed(phrases)}; {_known(results, group)}."


def _chosen(taken: Choice) -> str:
    if taken.votes == taken.n_seeds:
        few = {1: "the one seed", 2: "both seeds"}
        seeds = few.get(taken.n_seeds, f"all {taken.n_seeds} seeds")
        return f"K = {taken.usual} on {seeds}"
    low, high = taken.spread
    return f"K = {taken.usual} on {taken.votes} of {taken.n_seeds} seeds ({low} to {high} over all)"


def _known(results: StudyResults, group: str) -> str:
    parts = []
    classes, published = known_classes(results, group), published_choice(results, group)
    if classes:
        simulated = results.facts(results.groups[group][0]).get("origin") == "simulated"
        parts.append(
            f"the data were drawn from {classes} components"
            if simulated
            else f"the data have {classes} known classes"
        )
    if published is not None:
        kind = escaped(covariance_type(results, group).replace("_", " "))
        parts.append(
            f"mclust's printed BIC of the whole data with {kind} covariances is best at "
            f"K = {published}"
        )
    return listed(parts) or "no classes of these data are known"


def _table(results: StudyResults, groups: list[str]) -> Table:
    rows, records = [], []
    for group in groups:
        taken = [choice(results, group, criterion) for criterion in CRITERIA]
        classes, published = known_classes(results, group), published_choice(results, group)
        kind = covariance_type(results, group)
        rows.append(
            (
                Entry(escaped(group)),
                Entry(escaped(kind)),
                ok_entry(results, results.groups[group]),
                *(_entry(one) for one in taken),
                Entry(str(classes) if classes else MISSING),
                Entry(str(published) if published else MISSING),
            )
        )
        record: dict[str, object] = {"data": group, "covariance_type": kind}
        for criterion, one in zip(CRITERIA, taken, strict=True):
            record |= _record(criterion, one)
        records.append(record | {"known_classes": classes, "mclust_bic": published})
    return Table(
        name="selection",
        caption="The K chosen most often, and below it on how many seeds, with the range over all "
        "of them.",
        columns=(
            Column("data", align="left"),
            Column("covariances", align="left"),
            RUNS_OK,
            *(Column(f"K by {criterion.label}") for criterion in CRITERIA),
            Column("known classes"),
            Column("K by mclust's BIC"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _entry(taken: Choice | None) -> Entry:
    if taken is None:
        return Entry(MISSING)
    low, high = taken.spread
    spread = f", {low} to {high}" if low != high else ""
    return Entry(str(taken.usual), f"{taken.votes} of {taken.n_seeds}{spread}")


def _record(criterion: Criterion, taken: Choice | None) -> dict[str, object]:
    name = f"{criterion.metric}_{criterion.split}"
    if taken is None:
        return {f"{name}_choice": None, f"{name}_votes": None}
    return {f"{name}_choice": taken.usual, f"{name}_votes": taken.votes}
