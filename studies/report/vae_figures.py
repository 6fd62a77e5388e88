"""Pictures of VAE studies: reconstructions, samples, interpolations, codes, paired differences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from studies.report.loaded import StudyResults
from studies.report.style import legend, marks, new_figure, panel_grid
from studies.report.words import drawn, signed

_GUTTER = 2
_SAMPLES_A_SIDE = 8

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


def mosaic(images: np.ndarray, gutter: int = _GUTTER) -> np.ndarray:
    """Images (rows, columns, height, width) as one, with white gutters between them.

    Examples
    --------
    >>> mosaic(np.zeros((2, 3, 4, 4)), gutter=1).shape
    (9, 14)
    """
    rows, columns, height, width = images.shape
    canvas = np.zeros((rows * (height + gutter) - gutter, columns * (width + gutter) - gutter))
    for i in range(rows):
        for j in range(columns):
            top, left = i * (height + gutter), j * (width + gutter)
            canvas[top : top + height, left : left + width] = images[i, j]
    return canvas


def draw_reconstructions(results: StudyResults, dataset: str) -> Figure:
    """The same test images: as they are, and as each estimator puts them out."""
    found = results.pictures(dataset, "reconstructions")
    shape = image_shape(results, dataset, found)
    first = next(iter(found.values()))
    rows = {"test images": first["originals"]}
    rows |= {results.drawn_label(name): a["reconstructions"] for name, a in found.items()}
    figure, axes = new_figure(len(rows), 1, 0.85)
    for axis, (label, images) in zip(axes[:, 0], rows.items(), strict=True):
        _show(axis, images.reshape(1, len(images), *shape))
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def draw_samples(results: StudyResults, dataset: str) -> Figure:
    """For each estimator, what its decoder makes of draws from a standard normal."""
    found = results.pictures(dataset, "samples")
    shape = image_shape(results, dataset, found)
    figure, panels = panel_grid(
        [results.drawn_label(name) for name in found], columns=3, row_height=3.15
    )
    side = _SAMPLES_A_SIDE
    for panel, arrays in zip(panels, found.values(), strict=True):
        images = arrays["samples"][: side * side]
        columns = min(side, len(images))
        images = images[: len(images) // columns * columns]
        _show(panel, images.reshape(-1, columns, *shape))
    return figure


def draw_interpolations(results: StudyResults, dataset: str) -> Figure:
    """For each estimator, straight paths between the codes of two test images."""
    found = results.pictures(dataset, "interpolation")
    shape = image_shape(results, dataset, found)
    figure, panels = panel_grid(
        [results.drawn_label(name) for name in found], columns=3, row_height=2.05
    )
    for panel, arrays in zip(panels, found.values(), strict=True):
        paths = arrays["interpolation"]
        _show(panel, paths.reshape(*paths.shape[:2], *shape))
    return figure


def draw_latent(results: StudyResults, dataset: str) -> Figure:
    """Codes of test images in two dimensions, coloured and named by class."""
    found = results.pictures(dataset, "codes")
    names = [str(n) for n in results.facts(dataset).get("label_names", [])]
    figure, panels = panel_grid(
        [results.drawn_label(name) for name in found], columns=3, row_height=3.1
    )
    in_place = all(len(name) <= 2 for name in names)
    for panel, arrays in zip(panels, found.values(), strict=True):
        _scatter_codes(panel, arrays, names, in_place)
        panel.set(xlabel="first dimension of the view", ylabel="")
    panels[0].set_ylabel("second dimension of the view")
    if names and not in_place:
        handles = [
            Line2D([], [], linestyle="none", marker="o", color=_class_colour(k), label=f"{k} {n}")
            for k, n in enumerate(map(drawn, names))
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=5, handletextpad=0.2)
    return figure


def draw_paired(results: StudyResults, pairs: pd.DataFrame) -> Figure:
    """Mean difference from the baseline with its 95% interval over images, seed by seed.

    `pairs` has the columns dataset, estimator, quantity, seed, mean, low, high.
    """
    quantities = list(pairs["quantity"].drop_duplicates())
    places = pairs[["dataset", "estimator", "seed"]].drop_duplicates().reset_index(drop=True)
    figure, panels = panel_grid(
        quantities, columns=2, row_height=1.3 + 0.28 * len(places), sharey="all"
    )
    chosen = marks(results)
    labels = [
        (f"{drawn(d)}, " if len(results.datasets) > 1 else "") + f"seed {s}"
        for d, _, s in places.itertuples(index=False)
    ]
    for panel, quantity in zip(panels, quantities, strict=True):
        rows = places.merge(pairs[pairs["quantity"] == quantity], how="left")
        panel.axvline(0, color="#9a9a9a", linewidth=0.9, zorder=1)
        for i in range(len(rows)):
            mark = chosen[str(rows["estimator"].iloc[i])]
            mean, low, high = (float(rows[c].iloc[i]) for c in ("mean", "low", "high"))
            panel.plot([low, high], [i, i], color=mark.colour, linewidth=2)
            panel.plot(mean, i, mark.marker, color=mark.colour, markersize=6)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: signed(x, 2)))
        panel.set_xlabel(
            f"difference from {results.drawn_label(results.baseline)} (nats per datum)"
        )
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].set_ylim(len(labels) - 0.4, -0.6)
    legend(figure, results, list(places["estimator"].drop_duplicates()), lines=False)
    return figure


def image_shape(
    results: StudyResults, dataset: str, found: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[int, int]:
    """Height and width of a data set's images; one row of values if it has no images."""
    shape: Sequence[int] = results.facts(dataset).get("image_shape") or ()
    if len(shape) == 2:
        return int(shape[0]), int(shape[1])
    arrays = next(iter(found.values()))
    return 1, next(iter(a.shape[-1] for n, a in arrays.items() if n in _IMAGES))


_IMAGES = ("originals", "reconstructions", "samples", "interpolation")


def _show(axis: Axes, images: np.ndarray) -> None:
    axis.imshow(mosaic(images), cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _scatter_codes(
    panel: Axes, arrays: Mapping[str, np.ndarray], names: Sequence[str], in_place: bool
) -> None:
    codes = arrays["codes"]
    labels = arrays.get("code_labels")
    colours = "#4d4d4d" if labels is None else [_class_colour(int(k)) for k in labels]
    panel.scatter(
        codes[:, 0], codes[:, 1], s=4, c=colours, alpha=0.55, linewidths=0, rasterized=True
    )
    if labels is None:
        return
    centres = np.array([np.median(codes[labels == k], axis=0) for k in np.unique(labels)])
    for k, place in zip(np.unique(labels), _apart(centres, codes), strict=True):
        panel.text(
            float(place[0]),
            float(place[1]),
            drawn(names[k]) if in_place and k < len(names) else str(k),
            ha="center",
            va="center",
            fontsize=10,
            fontweight="bold",
            color="#111111",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _apart(places: np.ndarray, codes: np.ndarray) -> np.ndarray:
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


def _class_colour(k: int) -> str:
    return _CLASS_COLOURS[k % len(_CLASS_COLOURS)]
