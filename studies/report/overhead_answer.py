"""A study of overhead in words: what an epoch costs, what Pyro adds, and which targets are met."""

import math
from collections.abc import Sequence

from studies.report.answer_parts import ending_sentence
from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.overhead_data import SIZES, product_ratios, ranged, time_ratios, timed_sizes
from studies.report.overhead_parts import HAND, TUTORIAL, share_explained
from studies.report.overhead_targets import COMPILED, PYRO, Judged, judged_targets, stated_datasets
from studies.report.words import counted, fixed, listed, significant


def overhead_answer(results: StudyResults) -> Answer:
    """What an epoch costs beside its matrix products, what Pyro adds, and by what."""
    if (results.cells["status"] != "ok").all():
        return Answer("No run ended well, so there is no answer.", (ending_sentence(results),))
    judged = judged_targets(results)
    sentences = [
        _bound_sentence(results),
        _pyro_sentence(results, judged),
        _tutorial_sentence(results),
        _count_sentence(judged),
        ending_sentence(results),
    ]
    kept = [sentence for sentence in sentences if sentence]
    return Answer(kept[0], tuple(kept[1:]))


def _bound_sentence(results: StudyResults) -> str:
    parts = []
    for name in (HAND, COMPILED):
        places = [d for d in stated_datasets(results) if ranged(product_ratios(results, d, name)).n]
        figures = [
            linked(
                significant(ranged(product_ratios(results, d, name)).median),
                "products",
                "ratio",
                where={"dataset": d, "estimator": name},
            )
            + f" times ({_bits(d)})"
            for d in places
        ]
        if figures:
            parts.append(f"{results.label(name)} takes {listed(figures)}")
    if not parts:
        return ""
    return f"Of the time that its matrix products alone take, an epoch of {'; '.join(parts)}."


def _pyro_sentence(results: StudyResults, judged: Sequence[Judged]) -> str:
    found = [j for j in judged if (j.target.slow, j.target.fast) == (PYRO, HAND) and j.ratio.n]
    if not found:
        return ""
    figures = [
        linked(
            significant(j.ratio.median),
            "targets",
            "ratio",
            where={"dataset": j.dataset, "slow": PYRO, "fast": HAND},
        )
        + f" times ({_bits(j.dataset)})"
        for j in found
    ]
    return f"{results.label(PYRO)} takes {listed(figures)} the time of {results.label(HAND)}."


def _tutorial_sentence(results: StudyResults) -> str:
    sizes = timed_sizes(results, [SIZES])
    ratios = {s.dataset: ranged(time_ratios(results, s.dataset, TUTORIAL, HAND)) for s in sizes}
    sizes = [s for s in sizes if ratios[s.dataset].n]
    if not sizes:
        return ""
    figures = [
        linked(
            significant(ratios[s.dataset].median),
            "updates",
            "ratio",
            where={"dataset": s.dataset, "estimator": TUTORIAL},
        )
        + f" times ({s.network})"
        for s in sizes
    ]
    text = f"An update of {results.label(TUTORIAL)} takes {listed(figures)} the time of one by hand"
    shares = [share for s in sizes if (share := share_explained(results, s)) == share]
    if not shares:
        return f"{text}."
    ends = {
        f"{fixed(100 * share, 0)}%": name
        for share, name in ((max(shares), "max"), (min(shares), "min"))
    }
    percents = [
        linked(shown, "attribution", "explained_percent", take=name) for shown, name in ends.items()
    ]
    found = " to ".join(reversed(percents))
    return f"{text}; of the difference, four parts measured one by one explain {found}."


def _count_sentence(judged: Sequence[Judged]) -> str:
    if not judged:
        return ""
    met = sum(j.met is True for j in judged)
    missed = [j for j in judged if j.met is False]
    unknown = sum(j.met is None for j in judged)
    asked = linked(counted(len(judged), "target"), "targets", "limit", take="count")
    many = linked(str(met), "targets", "met", take="sum")
    parts = [f"Of {asked}, counted by data set, {many} {_is(met)} met"]
    if missed:
        which = [_missed(j) for j in missed]
        parts.append(f"{_of_met(len(missed), 0.0)} {_is(len(missed))} not ({'; '.join(which)})")
    if unknown:
        parts.append(f"{_of_met(unknown, math.nan)} could not be judged")
    return f"{listed(parts)}."


def _missed(judged: Judged) -> str:
    """A target that is not met, with what was measured and what was asked."""
    target = judged.target
    where = {"dataset": judged.dataset, "slow": target.slow, "fast": target.fast}
    ratio = linked(significant(judged.ratio.median), "targets", "ratio", where=where)
    limit = linked(significant(target.limit), "targets", "limit", where=where)
    name = target.text.replace("By hand", "by hand")
    return f"{name} ({_bits(judged.dataset)}): {ratio}, asked {target.side} {limit}"


def _of_met(n: int, met: float) -> str:
    """How many targets are met (1), missed (0) or not judged (NaN), with the table's rows."""
    return linked(str(n), "targets", "limit", where={"met": met}, take="count")


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def _bits(dataset: str) -> str:
    return {"mnist": "bits drawn once", "mnist-redrawn": "bits redrawn"}.get(dataset, dataset)
