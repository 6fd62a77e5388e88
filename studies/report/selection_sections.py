"""Choosing the number of components: which K each criterion takes, and what is known."""

from functools import partial

import pandas as pd

from studies.metrics import METRICS
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Column, Entry, Figure, Section, Table, Text
from studies.report.numbers import linked
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
_NAME = "selection"
"""Of the section and of its table."""


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
            _NAME, _TITLE, (Text("No data set has a run for every number of components."),)
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
    return Section(_NAME, _TITLE, (lead, _table(results, groups), *notes, criteria, held_out))


def _spurious(results: StudyResults, groups: list[str]) -> str:
    """Which runs found no regular optimum, and so flatter their K."""
    found = {group: _irregular(results, group) for group in groups}
    total, lost = (
        sum(counts[name] for counts in found.values()) for name in ("scored_runs", "irregular_runs")
    )
    if not lost:
        return ""
    places = [
        f"{escaped(group)} with K = {name.rpartition('_')[2]} "
        f"({in_selection(str(count), group, name)})"
        for group, counts in found.items()
        for name, count in counts.items()
        if count and name not in ("scored_runs", "irregular_runs")
    ]
    few = linked(str(lost), _NAME, "irregular_runs", take="sum")
    every = linked(counted(total, "run"), _NAME, "scored_runs", take="sum")
    return (
        f"**In {few} of {every} no start ended in a regular optimum**, and what was kept is a "
        "spurious one, whose training figures and criteria flatter its K: "
        f"{listed(places)}. {METRICS['regular'].description}"
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
        many = linked(str(len(right)), _NAME, f"{_column(criterion)}_right", take="sum")
        parts.append(f"{criterion.label} on {many if right else 'none'}{where}")
    many = linked(counted(len(groups), "data set"), _NAME, "known_classes", take="known")
    return (
        f"The most frequent choice is the number of known classes, of {many} with such, by "
        f"{listed(parts)}."
    )


def _group_sentence(results: StudyResults, group: str) -> str:
    found = [(c, choice(results, group, c)) for c in CRITERIA]
    phrases = [
        f"{c.label} chooses {_chosen(group, c, taken)}" for c, taken in found if taken is not None
    ]
    if not phrases:
        return ""
    return f"**{escaped(group)}**: {listed(phrases)}; {_known(results, group)}."


def _chosen(group: str, criterion: Criterion, taken: Choice) -> str:
    def said(value: int, what: str) -> str:
        return in_selection(str(value), group, f"{_column(criterion)}_{what}")

    usual = f"K = {said(taken.usual, 'choice')}"
    if taken.votes == taken.n_seeds:
        few = {1: "the one seed", 2: "both seeds"}
        seeds = few.get(taken.n_seeds, f"all {said(taken.n_seeds, 'seeds')} seeds")
        return f"{usual} on {seeds}"
    low, high = taken.spread
    return (
        f"{usual} on {said(taken.votes, 'votes')} of {said(taken.n_seeds, 'seeds')} seeds "
        f"({said(low, 'low')} to {said(high, 'high')} over all)"
    )


def in_selection(text: str, group: str, column: str) -> str:
    """`text`, a figure of a data set, with its place in the table of choices."""
    return linked(text, _NAME, column, where={"data": group})


def _known(results: StudyResults, group: str) -> str:
    parts = []
    classes, published = known_classes(results, group), published_choice(results, group)
    if classes:
        many = in_selection(str(classes), group, "known_classes")
        simulated = results.facts(results.groups[group][0]).get("origin") == "simulated"
        parts.append(
            f"the data were drawn from {many} components"
            if simulated
            else f"the data have {many} known classes"
        )
    if published is not None:
        kind = escaped(covariance_type(results, group).replace("_", " "))
        parts.append(
            f"mclust's printed BIC of the whole data with {kind} covariances is best at "
            f"K = {in_selection(str(published), group, 'mclust_bic')}"
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
            record |= _record(criterion, one, classes)
        record |= {"known_classes": classes, "mclust_bic": published}
        records.append(record | _irregular(results, group))
    return Table(
        name=_NAME,
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


def _record(criterion: Criterion, taken: Choice | None, classes: int | None) -> dict[str, object]:
    name = _column(criterion)
    found: dict[str, object] = dict.fromkeys(("choice", "votes", "seeds", "low", "high", "right"))
    if taken is not None:
        low, high = taken.spread
        found |= {"choice": taken.usual, "votes": taken.votes, "seeds": taken.n_seeds}
        found |= {"low": low, "high": high}
        found["right"] = None if classes is None else int(taken.usual == classes)
    return {f"{name}_{what}": value for what, value in found.items()}


def _column(criterion: Criterion) -> str:
    """What the columns of a criterion begin with."""
    return f"{criterion.metric}_{criterion.split}"


def _irregular(results: StudyResults, group: str) -> dict[str, int]:
    """How many runs there are and how many kept no regular optimum: in all, and by K."""
    regular = curve(results, group, "regular", "")
    by_K = {f"irregular_{K}": int((values != 1).sum()) for K, values in regular.items()}
    return {"scored_runs": regular.size, "irregular_runs": sum(by_K.values()), **by_K}
