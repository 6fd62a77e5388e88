"""The formats that a report is written in beside HTML and Markdown: PDF and LaTeX."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from studies.report.latex_document import latex_document
from studies.report.model import Document
from studies.report.pdf import print_page
from studies.report.writing import FORMATS
from suite.errors import InputError


def checked(formats: Sequence[str]) -> tuple[str, ...]:
    """The formats, each once.

    Raises
    ------
    InputError
        If one is unknown.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        got = ", ".join(map(repr, unknown)) or "none"
        raise InputError(
            f"expected formats among {', '.join(FORMATS)}, separated by commas; got {got}; leave "
            "--format out for html,md."
        )
    return tuple(dict.fromkeys(formats))


def _write_latex(document: Document, folder: Path) -> None:
    text = latex_document(document)
    (folder / FORMATS["tex"]).write_text(text, encoding="utf-8", newline="\n")


def _write_pdf(document: Document, folder: Path) -> None:
    print_page(folder / FORMATS["html"], folder / FORMATS["pdf"])


WRITERS: Mapping[str, Callable[[Document, Path], None]] = {
    "tex": _write_latex,
    "pdf": _write_pdf,
}
"""Writes a document into its folder, where its figures and its page are already."""
