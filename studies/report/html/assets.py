"""The page's styles and scripts, written into the page."""

from functools import cache
from importlib.resources import files

from markupsafe import Markup

_STYLES = ("vendor/uplot.min.css", "base.css", "layout.css", "tables.css", "panels.css")
_SCRIPTS = ("vendor/uplot.min.js", "vendor/sortable.min.js")
_OWN = ("chart.js", "theme.js", "tables.js", "curves.js", "epochs.js", "runs.js", "ready.js")
_INDEX = ("theme.js", "tables.js", "ready.js")


@cache
def styles() -> Markup:
    """All styles."""
    return Markup("\n".join(_read(name) for name in _STYLES))


@cache
def scripts() -> Markup:
    """Everything that a report's page runs: the libraries, then the page's own."""
    return Markup("\n;\n".join(_read(name) for name in (*_SCRIPTS, *_OWN)))


@cache
def index_scripts() -> Markup:
    """Everything that the page over all studies runs."""
    return Markup("\n;\n".join(_read(name) for name in _INDEX))


@cache
def early_script() -> Markup:
    """What is run before anything is drawn: it sets the remembered theme."""
    return Markup(_read("early.js"))


def _read(name: str) -> str:
    text = files("studies.report.html").joinpath("assets", *name.split("/")).read_text("utf-8")
    return text.replace("</script", "<\\/script").strip()
