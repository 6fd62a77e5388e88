"""A comparison as a Markdown file: everything, also what did not move."""

from collections.abc import Iterator, Sequence

from studies.comparing import words
from studies.comparing.comparison import Comparison, StudyComparison
from studies.comparing.value import ComparedValue
from studies.report.words import escaped

_COLUMNS = ("data", "estimator", "quantity", "before", "after", "change", "95%", "runs", "found")
_NUMBERS = range(3, 8)

_EXPLANATION = (
    "Medians before and after, over the runs that have the value in both; the change is the mean "
    "paired difference (after less before), or the geometric mean of the ratios (after over "
    "before) for times, memory and rates, with its 95% bootstrap interval (BCa). Runs: pairs of "
    "runs that have the value, of those in both sets."
)


def markdown(comparison: Comparison) -> str:
    """The comparison as the text of a file."""
    lines = [f"# {escaped(comparison.a)} and {escaped(comparison.b)}", "", _EXPLANATION]
    lines += [f"\n{escaped(line)}" for line in words.absent_studies(comparison)]
    for study in comparison.studies:
        lines += ["", f"## {escaped(study.study)}", "", escaped(words.verdict(study))]
        for title, items in _lists(comparison, study):
            if items:
                lines += ["", f"{title}:", "", *(f"- {escaped(item)}" for item in items)]
        lines += ["", escaped(words.findings(study)), "", *_table(study, study.values)]
    return "\n".join(lines) + "\n"


def _lists(comparison: Comparison, study: StudyComparison) -> Iterator[tuple[str, list[str]]]:
    matching = study.matching
    yield "Differences in how they were made", [words.difference(d) for d in study.differences]
    yield "Runs that ended otherwise", [words.status_change(c) for c in matching.changes]
    yield f"Runs only in {escaped(comparison.a)}", words.places(matching.only_in_a)
    yield f"Runs only in {escaped(comparison.b)}", words.places(matching.only_in_b)


def _table(study: StudyComparison, values: Sequence[ComparedValue]) -> Iterator[str]:
    if not values:
        return
    marks = ("--:" if i in _NUMBERS else "---" for i in range(len(_COLUMNS)))
    yield _row(_COLUMNS)
    yield _row(tuple(marks))
    for value in values:
        found = f"{value.finding}: {value.reason}"
        texts = (
            escaped(words.dataset(value)),
            escaped(study.labels[value.estimator]),
            escaped(words.quantity(value)),
            *words.medians(value),
            words.change(value),
            words.interval(value),
            words.runs(value),
            f"**{found}**" if value.moved else found,
        )
        yield _row(texts)


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"
