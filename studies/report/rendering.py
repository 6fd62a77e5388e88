"""A document in files: figures, tables and the README that holds them together."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from studies.report.model import Block, Bullets, Document, Figure, Listings, Table, Text
from studies.report.numbers import unlinked
from studies.report.style import save, themed
from studies.report.words import escaped

_LARGEST_SVG = 300_000
"""Bytes up to which a README shows a figure as SVG; a larger one, and pictures, as PNG."""


def write_figures(document: Document, folder: Path) -> None:
    """Draw every figure into `folder`/figures, as SVG and as PNG."""
    (folder / "figures").mkdir()
    with themed():
        for figure in _blocks(document, Figure):
            save(figure.draw(), folder / "figures" / figure.name)


def write_tables(document: Document, folder: Path) -> None:
    """Write every table's unrounded figures into `folder`/tables."""
    (folder / "tables").mkdir()
    for table in _blocks(document, Table):
        table.frame.to_csv(
            folder / "tables" / f"{table.name}.csv", index=False, lineterminator="\n"
        )


def readme(document: Document, name: str, folder: Path) -> str:
    """The document in Markdown; `folder` holds its figures already."""
    numbers = {figure.name: i for i, figure in enumerate(_blocks(document, Figure), start=1)}
    sections = [
        {
            "title": section.title,
            "blocks": [_context(block, numbers, folder) for block in section.blocks],
        }
        for section in document.sections
    ]
    content = {
        "title": document.title,
        "question": document.question,
        "answer": document.answer,
        "sections": sections,
    }
    return render("README.md.j2", document=content, name=name)


def render(template: str, **content: Any) -> str:
    """A template of the package filled in."""
    environment = Environment(
        loader=PackageLoader("studies.report"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # what is filled in is Markdown, escaped where it comes from outside
    )
    environment.filters["escaped"] = escaped
    lines = unlinked(environment.get_template(template).render(**content)).splitlines()
    return "\n".join(_single_blanks(lines)) + "\n"


def _single_blanks(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in (line.rstrip() for line in lines):
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _context(block: Block, numbers: dict[str, int], folder: Path) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"kind": "text", "text": text}
        case Bullets(items):
            return {"kind": "bullets", "points": items}
        case Table():
            return {
                "kind": "table",
                "name": block.name,
                "caption": block.caption,
                "columns": [asdict(column) for column in block.columns],
                "rows": [[asdict(entry) for entry in row] for row in block.rows],
            }
        case Listings():
            listings = [asdict(item) for item in block.items]
            return {"kind": "listings", "caption": block.caption, "items_": listings}
        case Figure():
            return _figure_context(block, numbers[block.name], folder)


def _figure_context(figure: Figure, number: int, folder: Path) -> dict[str, Any]:
    svg, png = (f"figures/{figure.name}{suffix}" for suffix in (".svg", ".png"))
    small = not figure.pictures and (folder / svg).stat().st_size <= _LARGEST_SVG
    return {
        "kind": "figure",
        "number": number,
        "alt": figure.alt,
        "caption": figure.caption,
        "path": svg if small else png,
        "links": f"[SVG]({svg}), [PNG]({png})",
    }


def _blocks(document: Document, kind: type[Any]) -> list[Any]:
    return [b for section in document.sections for b in section.blocks if isinstance(b, kind)]
