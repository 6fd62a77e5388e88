"""A figure's file inside the page: as an image of its own, so that no id of it can clash."""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

from studies.report.model import Figure

_LARGEST_SVG = 220_000
"""Bytes up to which a chart is shown as SVG; beyond it as PNG, if that is smaller."""

# What may stay as it is in a data URI inside double quotes; all else is escaped.
_SAFE = " !$&'()*+,-./:;=?@[]^_`{|}~<"


def data_uri(figure: Figure, folder: Path) -> str:
    """The figure as a `data:` address: SVG for charts, PNG for pictures and for heavy charts.

    Parameters
    ----------
    figure
        The figure.
    folder
        The report's folder, in whose figures/ it has been drawn.
    """
    svg, png = (folder / "figures" / f"{figure.name}{suffix}" for suffix in (".svg", ".png"))
    sizes = svg.stat().st_size, png.stat().st_size
    if figure.pictures or (sizes[0] > _LARGEST_SVG and sizes[1] < sizes[0]):
        return png_uri(png.read_bytes())
    return "data:image/svg+xml," + quote(_bare(svg.read_text(encoding="utf-8")), safe=_SAFE)


def pixels(figure: Figure, folder: Path) -> tuple[int, int]:
    """Width and height of the figure's PNG, so that a page keeps its place before it is drawn."""
    header = (folder / "figures" / f"{figure.name}.png").read_bytes()[16:24]
    return int.from_bytes(header[:4]), int.from_bytes(header[4:])


def png_uri(content: bytes) -> str:
    """A PNG file's content as a `data:` address."""
    return "data:image/png;base64," + b64encode(content).decode("ascii")


def _bare(svg: str) -> str:
    """An SVG from its root element on, on as few lines as it needs."""
    root = svg[svg.index("<svg") :]
    return " ".join(line.strip() for line in root.splitlines()).replace('"', "'")
