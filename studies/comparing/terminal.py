"""A comparison on a terminal, or in a log."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from studies.comparing import words
from studies.comparing.comparison import Comparison, StudyComparison
from studies.comparing.value import ComparedValue

_STYLES = {"worse": "red", "better": "green", "changed": "yellow"}


def rendered(comparison: Comparison, *, every: bool = False) -> Iterator[RenderableType]:
    """What to print, in order.

    Parameters
    ----------
    comparison
        What was found.
    every
        Show also the values that did not move; else they are counted.
    """
    for line in words.absent_studies(comparison):
        yield Text(line)
    for study in comparison.studies:
        yield Text(words.verdict(study), style="bold")
        for line in _lists(comparison, study):
            yield Text(f"  {line}")
        shown = [value for value in study.values if every or value.moved]
        if shown:
            yield _table(study, shown)
        hint = "" if len(shown) == len(study.values) else " --all shows every one."
        yield Text(f"  {words.findings(study)}{hint}")


def _lists(comparison: Comparison, study: StudyComparison) -> Iterator[str]:
    for difference in study.differences:
        yield f"differs in {words.difference(difference)}"
    for change in study.matching.changes:
        yield f"ended otherwise: {words.status_change(change)}"
    for given, places in (
        (comparison.a, study.matching.only_in_a),
        (comparison.b, study.matching.only_in_b),
    ):
        for line in words.places(places):
            yield f"only in {given}: {line}"


def _table(study: StudyComparison, values: Sequence[ComparedValue]) -> Table:
    """Two lines a value and one for the reason, so that 80 columns do."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("data, estimator\nquantity", overflow="fold")
    for title in ("before\nafter", "change\n95%"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("found\nruns", no_wrap=True)
    for value in values:
        place = f"{words.dataset(value)}, {study.labels[value.estimator]}"
        found = Text(value.finding, style=_STYLES.get(value.finding, ""))
        table.add_row(
            Text(f"{place}\n{words.short_quantity(value)}\n  {value.reason}"),
            Text("\n".join(words.medians(value))),
            Text(f"{words.change(value)}\n{words.interval(value)}"),
            Text.assemble(found, f"\n{words.runs(value)}"),
        )
    return table
