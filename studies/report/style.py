"""One style for every chart: colours, marks, axes, and how a figure becomes a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from studies.report.loaded import StudyResults

Share = Literal["none", "all", "row", "col"]

WIDTH = 9.0
"""Inches; a code host shows a page's column about 900 pixels wide."""

_DPI = 150

INK = "#222222"
SOFT = "#6b6b6b"


@dataclass(frozen=True)
class Mark:
    """How an estimator is drawn: the same in every study."""

    colour: str
    marker: str
    dash: tuple[float, ...] | None = None
    width: float = 1.6

    @property
    def line(self) -> dict[str, Any]:
        """The line's properties for matplotlib."""
        style = "-" if self.dash is None else (0, self.dash)
        return {"color": self.colour, "linestyle": style, "linewidth": self.width}


# Okabe and Ito's colours, which the common kinds of colour blindness keep apart; where two curves
# may coincide, the first is broad and the second dashed so that both are seen.
_MARKS = {
    "em": Mark("#0072B2", "o", width=3.2),
    "sklearn": Mark("#E69F00", "s", dash=(3, 1.6)),
    "svi": Mark("#009E73", "^"),
    "svi-enumerated": Mark("#009E73", "^", dash=(3, 1.6)),
    "svi-amortised": Mark("#CC79A7", "D"),
    "numpyro-svi": Mark("#882255", "X", dash=(5, 1.5)),
    "torch-vae": Mark("#D55E00", "o", width=3.2),
    "pyro-vae": Mark("#3B2A78", "s", dash=(3, 1.6)),
    "numpyro-vae": Mark("#999933", "<", dash=(5, 1.5)),
    "autoencoder": Mark("#7A7A7A", "v"),
}
_EXTRA = (
    Mark("#56B4E9", "P"),
    Mark("#882255", "X"),
    Mark("#999933", "<", dash=(5, 1.5)),
    Mark("#000000", ">", dash=(1.2, 1.2)),
    Mark("#B8860B", "p"),
    Mark("#44AA99", "*", dash=(5, 1.5, 1.2, 1.5)),
)


def marks(results: StudyResults) -> dict[str, Mark]:
    """Each estimator's colour, marker and dash, by its name in the study."""
    chosen: dict[str, Mark] = {}
    extra = iter(_EXTRA * len(results.estimators))
    for name in results.estimators:
        mark = _MARKS.get(name) or _MARKS.get(results.registered(name))
        if mark is None or mark.colour in {used.colour for used in chosen.values()}:
            mark = next(extra)
        chosen[name] = mark
    return chosen


@contextmanager
def themed() -> Iterator[None]:
    """The charts' theme inside the block; matplotlib's settings are as before afterwards."""
    settings = {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8.5,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#9a9a9a",
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.7,
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "text.color": INK,
        "xtick.color": "#444444",
        "ytick.color": "#444444",
        "figure.constrained_layout.use": True,
        "figure.facecolor": "white",
        "svg.hashsalt": "latent-variable-suite",
        "svg.fonttype": "path",
        "axes.formatter.useoffset": False,
        "axes.unicode_minus": True,
    }
    with mpl.rc_context():
        sns.set_theme(style="ticks", context="paper", rc=settings)
        yield


def new_figure(
    n_rows: int,
    n_columns: int,
    row_height: float,
    *,
    sharex: Share = "none",
    sharey: Share = "none",
) -> tuple[Figure, np.ndarray]:
    """A figure of the page's width, with its axes in a (rows, columns) array."""
    figure = Figure(figsize=(WIDTH, row_height * n_rows))
    FigureCanvasAgg(figure)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=sharex, sharey=sharey)
    return figure, axes


def panel_grid(
    titles: Sequence[str],
    *,
    columns: int,
    row_height: float,
    sharex: Share = "none",
    sharey: Share = "none",
) -> tuple[Figure, list[Axes]]:
    """A figure with one titled panel each, `columns` a row; those left over are not drawn."""
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    figure, axes = new_figure(rows, columns, row_height, sharex=sharex, sharey=sharey)
    panels = list(axes.flat)
    for axis, title in zip(panels, titles, strict=False):
        axis.set_title(title)
    for axis in panels[len(titles) :]:
        axis.remove()
    return figure, panels[: len(titles)]


def legend(
    figure: Figure,
    results: StudyResults,
    estimators: Sequence[str],
    *,
    lines: bool = True,
    extra: Sequence[Line2D] = (),
) -> None:
    """One legend above all panels."""
    chosen = marks(results)
    handles = [
        Line2D([], [], label=results.drawn_label(name), **chosen[name].line)
        if lines
        else Line2D(
            [],
            [],
            label=results.drawn_label(name),
            color=chosen[name].colour,
            marker=chosen[name].marker,
            linestyle="none",
            markersize=6,
        )
        for name in estimators
    ]
    handles += extra
    per_row = max(1, min(len(handles), 4))
    figure.legend(handles=handles, loc="outside upper center", ncols=per_row, handlelength=2.6)


def save(figure: Figure, path: Path) -> None:
    """Write the figure beside `path` as SVG and PNG, byte for byte the same each time.

    The PNG has a palette of 256 colours: a chart or a grey image loses nothing visible by it, and
    two thirds of the bytes.
    """
    figure.draw_without_rendering()
    if any(axis.images for axis in figure.axes):
        figure.draw_without_rendering()  # images keep their aspect, which the first layout moved
    figure.set_layout_engine("none")  # laid out now, and not again for each file
    nameless = {"Date": None, "Creator": None}
    figure.savefig(path.with_suffix(".svg"), dpi=_DPI, metadata=nameless)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    colours = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    colours.save(path.with_suffix(".png"), format="PNG", compress_level=9, dpi=(_DPI, _DPI))
