"""Codes in the plane: a point each, classes by colour and by name where they lie, the prior."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke

from studies.report.style import INK

PRIOR_SHARE = 0.95
"""Of a two-dimensional standard normal, inside the circle that is drawn."""

# Petroff's ten colours (arXiv 2107.02270), chosen for all kinds of colour vision. Ten classes are
# not told apart by colour alone: each is named where it lies as well.
_CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)


def prior_radius(share: float = PRIOR_SHARE) -> float:
    """The radius within which a share of a two-dimensional standard normal lies.

    The squared distance from 0 is exponential with mean 2, hence r = √(−2 log(1 − share)). Where
    z has more dimensions this holds of its orthogonal projection on any plane.

    Examples
    --------
    >>> round(prior_radius(0.95), 3)
    2.448
    """
    return float(np.sqrt(-2 * np.log1p(-share)))


def class_colour(k: int) -> str:
    """The colour of class `k`, from 0 on; after ten they come again."""
    return _CLASS_COLOURS[k % len(_CLASS_COLOURS)]


def scatter_codes(
    panel: Axes, arrays: Mapping[str, np.ndarray], name: Callable[[int], str] = str
) -> None:
    """A point for each of `codes` (n, 2); where there are `code_labels`, each class's name.

    Parameters
    ----------
    panel
        Where to draw.
    arrays
        `codes` (n, 2) and, if the classes are known, `code_labels` (n,).
    name
        From the class to what stands at the median of its codes, or near it where classes overlap.
    """
    codes = arrays["codes"]
    labels = arrays.get("code_labels")
    colours = "#4d4d4d" if labels is None else [class_colour(int(k)) for k in labels]
    panel.scatter(
        codes[:, 0], codes[:, 1], s=4, c=colours, alpha=0.55, linewidths=0, rasterized=True
    )
    if labels is None:
        return
    centres = np.array([np.median(codes[labels == k], axis=0) for k in np.unique(labels)])
    for k, place in zip(np.unique(labels), apart(centres, codes), strict=True):
        panel.text(
            float(place[0]),
            float(place[1]),
            name(int(k)),
            ha="center",
            va="center",
            fontsize=10,
            fontweight="bold",
            color="#111111",
            zorder=6,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def draw_prior(panel: Axes, centre: np.ndarray | None, *, solid: bool = False) -> None:
    """The circle that holds `PRIOR_SHARE` of the prior around `centre`, if that is known."""
    if centre is None:
        return
    place = float(centre[0]), float(centre[1])
    for width, colour in ((3.0, "white"), (1.3, INK)):
        circle = Circle(
            place, prior_radius(), fill=False, edgecolor=colour, linewidth=width, zorder=4
        )
        circle.set_linestyle("-" if solid or colour != INK else "--")
        panel.add_patch(circle)


def apart(places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The places moved until none is nearer to another than a label is wide."""
    scale = np.ptp(codes, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    moved = places / scale
    least = 0.06
    for _ in range(100):
        offsets = moved[:, None] - moved[None]
        distances = np.hypot(offsets[..., 0], offsets[..., 1])
        np.fill_diagonal(distances, np.inf)
        close = distances < least
        if not close.any():
            break
        push = np.where(close, least / np.maximum(distances, 1e-9) - 1, 0.0) / 2
        moved = moved + (offsets * push[..., None]).sum(axis=1)
    return moved * scale
