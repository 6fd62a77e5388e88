"""A document as one HTML file."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from studies.report.html import assets
from studies.report.html.figures import data_uri, pixels
from studies.report.html.glance import glance
from studies.report.html.links import Numbers
from studies.report.html.panels import Extras
from studies.report.html.prose import block as block_html
from studies.report.html.prose import inline, text_of
from studies.report.html.tables import shown
from studies.report.model import (
    Block,
    Bullets,
    Document,
    Figure,
    Listings,
    Section,
    Table,
    Text,
)

_CURVE_SECTIONS = ("ascent", "curves", "gap", "target", "time-to-target", "overlap", "scores")
_EPOCH_SECTIONS = ("epoch-pictures", "reconstructions", "samples", "scores")


def page(document: Document, name: str, folder: Path, extras: Extras | None = None) -> str:
    """The whole page.

    Parameters
    ----------
    document
        The report.
    name
        What `studies report` calls it.
    folder
        Its folder, in whose figures/ the figures have been drawn.
    extras
        Runs, curves, pictures and conditions; none for a document that is of no study.

    Returns
    -------
    One HTML file that needs no other and no network; the same for the same results.
    """
    extras = extras or Extras.none()
    numbers = Numbers(document)
    figures = [b for s in document.sections for b in s.blocks if isinstance(b, Figure)]
    order = {figure.name: i for i, figure in enumerate(figures, start=1)}
    curves_in = _place(document.sections, _CURVE_SECTIONS) if extras.curves else ""
    epochs_in = _place(document.sections, _EPOCH_SECTIONS) if extras.epochs else ""
    data = {
        "runs": extras.runs,
        "curves": extras.curves if curves_in else None,
        "epochs": extras.epochs if epochs_in else (),
    }
    sections = [
        {
            "name": section.name,
            "title": inline(section.title, numbers.link),
            "blocks": [_context(b, numbers, order, folder, extras) for b in section.blocks],
        }
        for section in document.sections
    ]
    return render(
        "page.html.j2",
        name=name,
        title=document.title,
        question=inline(document.question, numbers.link),
        headline=inline(document.answer.headline, numbers.link),
        details=[inline(detail, numbers.link) for detail in document.answer.details],
        glance=glance(document, numbers),
        sections=sections,
        curves_in=curves_in,
        epochs_in=epochs_in,
        extras=extras,
        data=embedded(data) if any(data.values()) else "",
    )


def render(template: str, **content: Any) -> str:
    """An HTML template of the package filled in."""
    environment = Environment(
        loader=PackageLoader("studies.report"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=True,
    )
    environment.globals["assets"] = assets
    return environment.get_template(template).render(**content)


def embedded(content: Any) -> Markup:
    """Content as JSON that may stand inside a script element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _place(sections: tuple[Section, ...], preferred: tuple[str, ...]) -> str:
    """The first of the preferred sections that there is; "" if there is none."""
    names = [section.name for section in sections]
    return next((name for name in preferred if name in names), "")


def _context(
    block: Block, numbers: Numbers, order: dict[str, int], folder: Path, extras: Extras
) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"kind": "text", "html": block_html(text, numbers.link)}
        case Bullets(items):
            return {"kind": "bullets", "points": [inline(item, numbers.link) for item in items]}
        case Table():
            return {"kind": "table", "table": shown(block, numbers, extras.places)}
        case Listings():
            caption = inline(block.caption, numbers.link)
            return {"kind": "listings", "listings": block.items, "caption": caption}
        case Figure():
            return {
                "kind": "figure",
                "name": block.name,
                "number": order[block.name],
                "alt": text_of(block.alt),
                "caption": inline(block.caption, numbers.link),
                "source": data_uri(block, folder),
                "size": pixels(block, folder),
                "pictures": block.pictures,
            }
