"""The page over all studies."""

from collections.abc import Sequence
from dataclasses import dataclass

from studies.report.html.page import render
from studies.report.html.prose import inline


@dataclass(frozen=True)
class IndexEntry:
    """A study on the index.

    Parameters
    ----------
    name
        Its folder.
    title, question
        Its title and what it asks.
    answer
        What it answers, in one sentence of Markdown.
    conditions
        When it was run and on what; "" where that is not known.
    counts
        How many runs ended how: status and number.
    """

    name: str
    title: str
    question: str
    answer: str
    conditions: str = ""
    counts: tuple[tuple[str, int], ...] = ()


def index_page(entries: Sequence[IndexEntry]) -> str:
    """All studies with their questions and answers, as one HTML file."""
    studies = [
        {
            "name": entry.name,
            "title": entry.title,
            "question": entry.question,
            "answer": inline(entry.answer, lambda text, _: text),
            "conditions": entry.conditions,
            "counts": entry.counts,
        }
        for entry in entries
    ]
    return render("index.html.j2", studies=studies)
