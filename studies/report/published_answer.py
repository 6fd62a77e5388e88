"""Published optima in words: how many were reached, by how much others are off, and which."""

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.published_rows import MARGIN, PublishedRow, published_rows
from studies.report.words import counted, escaped, listed, significant

TABLE = "published"
"""The table that the figures are in, a row a published optimum."""

NONE = "No published optimum belongs to what this study ran."
"""What there is to say where nothing compares."""

_PUBLISHED = "published_log_likelihood"


def published_answer(results: StudyResults) -> Answer:
    """How many published optima were reached, and what stands out."""
    rows = published_rows(results)
    if not rows:
        return Answer(NONE)
    return Answer(count_sentence(rows), (*_exceptions(rows), *_criteria_sentences(rows)))


def count_sentence(rows: list[PublishedRow]) -> str:
    """How many published optima were reached or passed, and how."""
    by_verdict = {v: [r for r in rows if r.verdict == v] for v in _VERDICT_COUNTS}
    parts = [
        f"{_of_verdict(len(found), verdict)} {_VERDICT_COUNTS[verdict]}"
        for verdict, found in by_verdict.items()
        if found
    ]
    passed = sum(row.passed for row in rows)
    total = linked(counted(len(rows), "published figure"), TABLE, _PUBLISHED, take="count")
    return (
        f"{linked(str(passed), TABLE, 'passed', take='sum')} of {total} "
        f"{'is' if passed == 1 else 'are'} reached or passed by a regular optimum: "
        f"{listed(parts)}."
    )


def _of_verdict(n: int, verdict: str) -> str:
    return linked(str(n), TABLE, _PUBLISHED, where={"verdict": verdict}, take="count")


_VERDICT_COUNTS = {
    "reached": f"to within {MARGIN:g} nats in total",
    "higher": "by a higher optimum",
    "lower": "not reached",
    "spurious": "met by spurious optima alone",
    "not run": "without a run that ended well",
}


def _exceptions(rows: list[PublishedRow]) -> list[str]:
    sentences = []
    higher = sorted((r for r in rows if r.verdict == "higher"), key=lambda r: -r.difference)
    if higher:
        top = higher[0]
        middle = float(pd.Series([row.difference for row in higher]).median())
        sentences.append(
            "The higher optima lie above the published ones by "
            f"{_difference(middle, 'median')} nats in the median and by "
            f"{_difference(top.difference, 'max')} at most ({_name(top)})."
        )
    for verdict, words in (("lower", "Not reached"), ("spurious", "Spurious only")):
        found = [row for row in rows if row.verdict == verdict]
        if found:
            places = listed([f"{_name(row)}{_by(row)}" for row in found])
            sentences.append(f"**{words}:** {places}.")
    return sentences


def _difference(value: float, take: str) -> str:
    """By how much the higher optima are above the published ones."""
    where = {"verdict": "higher"}
    return linked(significant(value), TABLE, "difference", where=where, take=take)


def _criteria_sentences(rows: list[PublishedRow]) -> list[str]:
    """Degrees of freedom, BIC and ICL against the published ones."""
    sentences = []
    counts = [r for r in rows if r.published.n_parameters is not None and r.passed]
    wrong = [r for r in counts if r.n_parameters != r.published.n_parameters]
    if counts:
        sentences.append(
            f"The degrees of freedom agree in all {_agreeing(len(counts))} rows that state them."
            if not wrong
            else f"**The degrees of freedom differ in {listed([_name(r) for r in wrong])}.**"
        )
    same = [r for r in rows if r.verdict == "reached"]
    parts = []
    for label, pairs in (
        ("BIC", [r.bic - r.published.bic for r in same if r.published.bic is not None]),
        ("ICL", [r.icl - r.published.icl for r in same if r.published.icl is not None]),
    ):
        if pairs:
            worst = significant(max(abs(value) for value in pairs))
            many = _off(counted(len(pairs), "row"), label, "known")
            parts.append(f"{label} by at most {_off(worst, label, 'largest')} ({many})")
    if parts:
        sentences.append(
            f"Where the optimum is the same, the criteria differ from the published ones little: "
            f"{listed(parts)}; ICL moves with the posterior itself, and so shows sooner where a "
            "program stopped."
        )
    return sentences


def _agreeing(n: int) -> str:
    return linked(str(n), TABLE, "n_parameters_agree", take="sum")


def _off(text: str, criterion: str, take: str) -> str:
    """Of the criterion's differences from the published one, where the optimum is the same."""
    column = f"{criterion.lower()}_difference"
    return linked(text, TABLE, column, where={"verdict": "reached"}, take=take)


def spurious_sentence(rows: list[PublishedRow]) -> str:
    """Where some run kept a spurious optimum, which does not count."""
    found = [row for row in rows if row.spurious == row.spurious]
    if not found:
        return ""
    above = [row.spurious - row.measured for row in found if row.spurious > row.measured]
    most = linked(significant(max(above)), TABLE, "spurious_above", take="max") if above else ""
    higher = f", up to {most} nats above the regular one" if above else ""
    many = counted(len(found), "published figure")
    many = linked(many, TABLE, "highest_spurious_log_likelihood", take="known")
    return (
        f"At {many} some run ended in spurious optima from all of its starts{higher}; they do not "
        f"count: {listed([_name(row) for row in found])}."
    )


def _by(row: PublishedRow) -> str:
    if row.verdict != "lower":
        return ""
    published = row.published
    where = {
        "dataset": published.dataset,
        "model": published.model,
        "n_components": published.n_components,
        "source": published.source,
    }
    size = linked(significant(-row.difference), TABLE, "difference", where=where, take="size")
    return f" by {size} nats"


def _name(row: PublishedRow) -> str:
    published = row.published
    return f"{escaped(published.dataset)} {published.model} with K = {published.n_components}"
