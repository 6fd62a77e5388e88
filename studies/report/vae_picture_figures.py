"""Figures made of images: reconstructions, samples, paths, grids and means."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studies.metrics import metric
from studies.report.loaded import StudyResults
from studies.report.style import WIDTH, new_figure, panel_grid
from studies.report.words import fixed, significant

_GUTTER = 2
_SAMPLES_A_SIDE = 8
_IMAGES = ("originals", "reconstructions", "samples", "interpolation", "manifold")

Pictures = Mapping[str, Mapping[str, np.ndarray]]
"""By estimator: the arrays of its first seed's run."""


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
        _label_row(axis, label)
    return figure


def draw_worst(results: StudyResults, dataset: str) -> Figure:
    """For each estimator, the images that it scores worst over what it makes of them.

    Above each image stands its score.
    """
    found = results.pictures(dataset, "worst_reconstructions")
    shape = image_shape(results, dataset, found)
    by = {n: str(results.facts_of_run(dataset, n).get("worst_by", "elbo")) for n in found}
    titles = [f"{results.drawn_label(n)}: {metric(by[n]).label}, nats" for n in found]
    figure, panels = panel_grid(titles, columns=1, row_height=2.05)
    for panel, arrays in zip(panels, found.values(), strict=True):
        pairs = np.stack([arrays["worst_originals"], arrays["worst_reconstructions"]])
        _show(panel, pairs.reshape(*pairs.shape[:2], *shape))
        step = shape[0] + _GUTTER
        panel.set_yticks([shape[0] / 2, step + shape[0] / 2], ["image", "reconstruction"])
        panel.tick_params(axis="y", length=0)
        _number_columns(panel, [fixed(float(s), 0) for s in arrays["worst_scores"]], shape[1])
    return figure


def draw_samples(results: StudyResults, dataset: str, needed: str = "samples") -> Figure:
    """For each estimator, what its decoder makes of draws of z: means, or images drawn.

    `needed` is "samples" or "sample_draws".
    """
    found = results.pictures(dataset, needed)
    shape = image_shape(results, dataset, found)
    side = _SAMPLES_A_SIDE
    shown = []
    for arrays in found.values():
        images = arrays[needed][: side * side]
        columns = min(side, len(images))
        images = images[: len(images) // columns * columns]
        shown.append(images.reshape(-1, columns, *shape))
    figure, panels = _picture_panels(results, found, shown[0], beside=0.35)
    for panel, images in zip(panels, shown, strict=True):
        _show(panel, images)
    return figure


def draw_manifold(results: StudyResults, dataset: str) -> Figure:
    """For each estimator, the decoder's means over a square grid of two-dimensional codes."""
    found = results.pictures(dataset, "manifold")
    shape = image_shape(results, dataset, found)
    side = round(len(next(iter(found.values()))["manifold"]) ** 0.5)
    grids = [arrays["manifold"].reshape(side, side, *shape) for arrays in found.values()]
    figure, panels = _picture_panels(results, found, grids[0], beside=0.45, below=0.4)
    middles = (np.arange(side) + 0.5) * shape[1], (np.arange(side) + 0.5) * shape[0]
    ends = [0, (side - 1) / 2, side - 1]
    labels = [fixed(z, 2) for z in quantile_ends(side)]
    for panel, grid in zip(panels, grids, strict=True):
        _show(panel, grid, gutter=0)
        panel.set_xticks(np.interp(ends, np.arange(side), middles[0]), labels)
        panel.set_yticks(np.interp(ends, np.arange(side), middles[1]), labels[::-1])
        panel.tick_params(length=2)
        panel.set_xlabel("$z_1$")
    panels[0].set_ylabel("$z_2$")
    return figure


def quantile_ends(side: int) -> tuple[float, float, float]:
    """First, middle and last of the normal quantiles Φ⁻¹((i − ½) / side).

    Examples
    --------
    >>> [round(z, 2) for z in quantile_ends(20)]
    [-1.96, 0.0, 1.96]
    """
    from scipy.special import ndtri

    last = float(ndtri(1 - 0.5 / side))
    return -last, 0.0, last


def draw_interpolations(results: StudyResults, dataset: str) -> Figure:
    """For each estimator, straight paths between the codes of two test images."""
    found = results.pictures(dataset, "interpolation")
    shape = image_shape(results, dataset, found)
    every = [_grid(arrays["interpolation"], shape) for arrays in found.values()]
    figure, panels = _picture_panels(results, found, every[0])
    for panel, paths in zip(panels, every, strict=True):
        _show(panel, paths)
    return figure


def draw_traversals(results: StudyResults, dataset: str) -> Figure:
    """For each estimator, one row a dimension of the code, from −3 to 3 with the others at 0.

    The rows are labelled with the dimension and what it is ordered by.
    """
    found = results.pictures(dataset, "traversals")
    shape = image_shape(results, dataset, found)
    every = [_grid(arrays["traversals"], shape) for arrays in found.values()]
    figure, panels = _picture_panels(results, found, every[0], columns=2, beside=1.1, below=0.4)
    for panel, arrays, paths in zip(panels, found.values(), every, strict=True):
        _show(panel, paths)
        step = shape[0] + _GUTTER
        panel.set_yticks(
            [shape[0] / 2 + i * step for i in range(len(paths))], traversal_labels(arrays)
        )
        n, width = paths.shape[1], shape[1] + _GUTTER
        panel.set_xticks([shape[1] / 2 + i * width for i in (0, n // 2, n - 1)], ["−3", "0", "3"])
        panel.tick_params(length=0)
        panel.set_xlabel("value of that dimension of z")
    return figure


def traversal_labels(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Each row's dimension, counted from 1, with its KL divergence where there is one.

    Examples
    --------
    >>> arrays = {"traversal_dims": np.array([2, 0]), "rate_per_dimension": np.array([0.5, 0, 2])}
    >>> traversal_labels(arrays)
    ['dim. 3: 2 nats', 'dim. 1: 0.5 nats']
    """
    dims = [int(d) for d in arrays["traversal_dims"]]
    rates = arrays.get("rate_per_dimension")
    if rates is None:
        return [f"dim. {d + 1}" for d in dims]
    return [f"dim. {d + 1}: {significant(float(rates[d]), 2)} nats" for d in dims]


def draw_means(results: StudyResults, dataset: str) -> Figure:
    """The mean test image, and beside it the mean of each estimator's samples less it."""
    found = results.pictures(dataset, "mean_sample")
    shape = image_shape(results, dataset, found)
    data = next(iter(found.values()))["mean_image"].reshape(shape)
    means = {results.drawn_label(n): a["mean_sample"].reshape(shape) for n, a in found.items()}
    figure, axes = new_figure(2, 1 + len(means), WIDTH / (1 + max(len(means), 3)) * 1.08)
    for column, (label, image) in enumerate({"test images": data, **means}.items()):
        axes[0, column].set_title(fill(label, 16), fontsize=8.5)
        _show(axes[0, column], 255 * image[None, None])
    most = max(float(np.abs(image - data).max()) for image in means.values()) or 1.0
    for column, image in enumerate(means.values(), start=1):
        drawn = axes[1, column].imshow(image - data, cmap="RdBu", vmin=-most, vmax=most)
        _bare(axes[1, column])
        distance = float(np.abs(image - data).mean())
        axes[1, column].set_xlabel(f"mean |difference| {significant(distance, 2)}", fontsize=7.5)
    axes[1, 0].set_axis_off()
    place = axes[1, 0].inset_axes((0.75, 0.1, 0.1, 0.8))
    bar = figure.colorbar(drawn, cax=place, ticklocation="left")
    bar.set_label("sample mean − data mean\n(intensity, 0 to 1)", fontsize=7.5)
    return figure


def draw_epochs(results: StudyResults, dataset: str, needed: str) -> Figure:
    """For each estimator one row an epoch: `needed` is epoch_reconstructions or epoch_samples."""
    found = results.pictures(dataset, needed)
    shape = image_shape(results, dataset, found)
    every = [_grid(arrays[needed][:, :10], shape) for arrays in found.values()]
    most = max(every, key=len)
    figure, panels = _picture_panels(results, found, most, columns=2, beside=0.75)
    for panel, arrays, images in zip(panels, found.values(), every, strict=True):
        _show(panel, images)
        step = shape[0] + _GUTTER
        panel.set_yticks(
            [shape[0] / 2 + i * step for i in range(len(images))],
            [f"epoch {e}" for e in arrays["epoch_steps"]],
        )
        panel.tick_params(length=0)
    return figure


def image_shape(results: StudyResults, dataset: str, found: Pictures) -> tuple[int, int]:
    """Height and width of a data set's images; one row of values if it has no images."""
    shape: Sequence[int] = results.facts(dataset).get("image_shape") or ()
    if len(shape) == 2:
        return int(shape[0]), int(shape[1])
    arrays = next(iter(found.values()))
    return 1, next(iter(a.shape[-1] for n, a in arrays.items() if n in _IMAGES))


def _picture_panels(
    results: StudyResults,
    found: Pictures,
    images: np.ndarray,
    *,
    columns: int = 0,
    beside: float = 0.15,
    below: float = 0.0,
) -> tuple[Figure, list[Axes]]:
    """A panel for each estimator, as high as its images (rows, columns, height, width) need.

    Twins stand side by side, four estimators as two and two; `beside` and `below` are inches for
    labels.
    """
    columns = min(len(found), columns or (2 if len(found) == 4 else 3))
    rows, across, height, width = images.shape
    share = rows * (height + _GUTTER) / (across * (width + _GUTTER))
    row_height = (WIDTH / max(columns, 2) - beside) * share + 0.32 + below
    return panel_grid(
        [results.drawn_label(n) for n in found], columns=columns, row_height=row_height
    )


def _grid(images: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Images (rows, columns, D) as (rows, columns, height, width)."""
    return images.reshape(*images.shape[:2], *shape)


def _show(axis: Axes, images: np.ndarray, gutter: int = _GUTTER) -> None:
    axis.imshow(mosaic(images, gutter), cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    _bare(axis)


def _bare(axis: Axes) -> None:
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _label_row(axis: Axes, label: str) -> None:
    axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)


def _number_columns(axis: Axes, texts: Sequence[str], width: int) -> None:
    """Each text above its column of images."""
    for i, text in enumerate(texts):
        axis.annotate(
            text,
            (i * (width + _GUTTER) + width / 2, -1.5),
            ha="center",
            va="bottom",
            fontsize=7.5,
            annotation_clip=False,
        )
    axis.title.set_position((0, 1))
    axis.set_title(axis.get_title(loc="left"), loc="left", pad=14)
