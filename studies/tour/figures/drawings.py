"""Networks drawn: layers as columns of units, as wide as they are, and what stands between."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from studies.report.style import INK, SOFT, new_figure

_DATA, _HIDDEN, _CODE, _NOISE = "#E69F00", "#9a9a9a", "#0072B2", "#009E73"
_RADIUS = 0.11
_LARGEST = 7


@dataclass(frozen=True)
class Layer:
    """A column of units.

    Parameters
    ----------
    x, y
        Where its middle is.
    width
        How many units it has; a few are drawn and the others stand for by dots.
    label
        What it holds, below it.
    colour
        Of its units.
    """

    x: float
    y: float
    width: int
    label: str
    colour: str


def draw_autoencoder(features: int, hidden: Sequence[int], latent: int) -> Figure:
    """Image, hidden layers, code, hidden layers, image."""
    figure, axis = _canvas(3.3)
    widths = [features, *hidden, latent, *reversed(hidden), features]
    gap = 8.0 / (len(widths) - 1)
    middle = len(hidden) + 1
    layers = [
        Layer(
            0.5 + i * gap,
            0.0,
            width,
            _autoencoder_label(i, middle, len(widths)),
            _colour(i, middle, len(widths)),
        )
        for i, width in enumerate(widths)
    ]
    for before, after in pairwise(layers):
        _connect(axis, before, after)
    for layer in layers:
        _units(axis, layer)
    _brace(axis, layers[0].x, layers[middle].x, "encoder")
    _brace(axis, layers[middle].x, layers[-1].x, "decoder")
    return figure


def draw_vae(features: int, hidden: Sequence[int], latent: int) -> Figure:
    """Image, hidden layers, mean and spread, the draw, hidden layers, the bits' probabilities."""
    figure, axis = _canvas(3.9)
    n = len(hidden)
    image = Layer(0.3, 0.0, features, "image $x$", _DATA)
    gap = 1.35 / n
    into = [
        Layer(0.3 + gap * (i + 1), 0.0, w, "hidden, ReLU", _HIDDEN) for i, w in enumerate(hidden)
    ]
    mean = Layer(3.25, 0.78, latent, "mean $\\mu_\\phi(x)$", _CODE)
    spread = Layer(3.25, -0.78, latent, "spread $\\sigma_\\phi(x)$", _CODE)
    code = Layer(5.45, 0.0, latent, "code $z=\\mu+\\sigma\\odot\\varepsilon$", _CODE)
    out = [
        Layer(5.45 + gap * (i + 1), 0.0, w, "hidden, ReLU", _HIDDEN)
        for i, w in enumerate(reversed(hidden))
    ]
    bits = Layer(8.3, 0.0, features, "pixel\nprobabilities", _DATA)
    chain = [image, *into]
    for before, after in pairwise(chain):
        _connect(axis, before, after)
    for head in (mean, spread):
        _connect(axis, into[-1], head)
    tail = [code, *out, bits]
    for before, after in pairwise(tail):
        _connect(axis, before, after)
    for layer in (*chain, mean, spread, *tail):
        _units(axis, layer, small=layer in (mean, spread))
    _sampling(axis, mean, spread, code)
    _brace(axis, image.x, mean.x, "encoder: $q_\\phi(z\\mid x)$")
    _brace(axis, code.x, bits.x, "decoder: $p_\\theta(x\\mid z)$")
    return figure


def _sampling(axis: Axes, mean: Layer, spread: Layer, code: Layer) -> None:
    """The node where noise comes in: the one place of the network that is random."""
    place = (4.35, 0.0)
    axis.add_patch(Circle(place, 0.22, facecolor="white", edgecolor=_NOISE, linewidth=2, zorder=4))
    axis.text(*place, "$+$", ha="center", va="center", fontsize=13, color=_NOISE, zorder=5)
    for head in (mean, spread):
        _arrow(axis, (head.x + 0.2, head.y * 0.8), (place[0] - 0.2, 0.1 if head.y > 0 else -0.1))
    _arrow(axis, (place[0] + 0.24, 0.0), (code.x - 0.2, 0.0))
    box = FancyBboxPatch(
        (place[0] - 0.5, -1.72),
        1.24,
        0.36,
        boxstyle="round,pad=0.06",
        facecolor="#e9f5f1",
        edgecolor=_NOISE,
    )
    axis.add_patch(box)
    axis.text(
        place[0] + 0.12,
        -1.54,
        "noise $\\varepsilon\\sim\\mathcal{N}(0,I)$",
        ha="center",
        va="center",
        fontsize=8.5,
    )
    _arrow(axis, (place[0], -1.3), (place[0], -0.25), colour=_NOISE)


def _canvas(height: float) -> tuple[Figure, Axes]:
    figure, axes = new_figure(1, 1, height)
    axis = axes[0, 0]
    half = 4.4 * height / 9.0 * 1.05
    axis.set(xlim=(-0.2, 9.0), ylim=(-half, half))
    axis.set_aspect("equal")
    axis.axis("off")
    return figure, axis


def _places(layer: Layer, small: bool = False) -> list[float]:
    largest = 3 if small else _LARGEST
    count = min(layer.width, largest if layer.width > 30 else (3 if small else 5))
    pitch = 2.6 * _RADIUS
    return [layer.y + (i - (count - 1) / 2) * pitch for i in range(count)]


def _units(axis: Axes, layer: Layer, small: bool = False) -> None:
    places = _places(layer, small)
    dots = layer.width > len(places)
    for i, y in enumerate(places):
        if dots and i == len(places) // 2:
            axis.text(layer.x, y, "⋮", ha="center", va="center", fontsize=12, color=INK, zorder=4)
            continue
        axis.add_patch(
            Circle((layer.x, y), _RADIUS, facecolor=layer.colour, edgecolor="white", zorder=3)
        )
    bottom, top = places[0], places[-1]
    axis.text(
        layer.x,
        top + 0.2,
        f"{layer.width:,}",
        ha="center",
        va="bottom",
        fontsize=9,
        fontweight="bold",
    )
    axis.text(layer.x, bottom - 0.2, layer.label, ha="center", va="top", fontsize=8.5, color=SOFT)


def _connect(axis: Axes, before: Layer, after: Layer) -> None:
    for start in _places(before):
        for end in _places(after, small=after.y != 0):
            axis.plot(
                [before.x + _RADIUS, after.x - _RADIUS],
                [start, end],
                color="#c9c9c9",
                linewidth=0.5,
                zorder=1,
            )


def _arrow(
    axis: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = INK
) -> None:
    axis.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=colour, linewidth=1.2
        )
    )


def _brace(axis: Axes, left: float, right: float, label: str) -> None:
    top = axis.get_ylim()[1] - 0.32
    axis.plot([left, left, right, right], [top - 0.1, top, top, top - 0.1], color=SOFT, linewidth=1)
    axis.text((left + right) / 2, top + 0.05, label, ha="center", va="bottom", fontsize=9.5)


def _colour(i: int, middle: int, count: int) -> str:
    return _CODE if i == middle else _DATA if i in (0, count - 1) else _HIDDEN


def _autoencoder_label(i: int, middle: int, count: int) -> str:
    names = {0: "image $x$", middle: "code $z$", count - 1: "pixel\nprobabilities"}
    return names.get(i, "hidden, ReLU")
