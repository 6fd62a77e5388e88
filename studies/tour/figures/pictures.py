"""Figures made of images, and of where their codes lie."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from studies.report.code_scatter import draw_prior, scatter_codes
from studies.report.style import new_figure, panel_grid
from studies.report.vae_picture_figures import mosaic

Arrays = Mapping[str, np.ndarray]


def draw_rows(rows: Sequence[tuple[str, np.ndarray]]) -> Figure:
    """Rows of images, (n, D) each, with a label in front."""
    figure, axes = new_figure(len(rows), 1, 0.9)
    for axis, (label, images) in zip(axes[:, 0], rows, strict=True):
        show(axis, images[None])
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def draw_squares(squares: Sequence[tuple[str, np.ndarray]], columns: int = 3) -> Figure:
    """Squares of images, (n, D) each, side by side."""
    figure, panels = panel_grid(
        [title for title, _ in squares], columns=columns, row_height=9.3 / columns
    )
    for axis, (_, images) in zip(panels, squares, strict=True):
        side = int(np.sqrt(len(images)))
        show(axis, images[: side * side].reshape(side, side, -1))
    return figure


def draw_codes(arrays: Arrays) -> Figure:
    """Codes of both small networks in their own plane, with the prior's circle."""
    titles = ["autoencoder", "VAE"]
    figure, panels = panel_grid(titles, columns=2, row_height=4.2)
    labels = arrays["tour_labels"]
    for axis, name in zip(panels, ("ae", "vae"), strict=True):
        scatter_codes(axis, {"codes": arrays[f"tour_{name}_codes"], "code_labels": labels})
        draw_prior(axis, np.zeros(2), solid=True)
        axis.set(xlabel="first coordinate of the code", ylabel="second coordinate")
        axis.set_aspect("equal", adjustable="datalim")
    for mean, covariance in zip(
        arrays["tour_mixture_means"], arrays["tour_mixture_covariances"], strict=True
    ):
        values, vectors = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        panels[0].add_patch(
            Ellipse(
                tuple(mean),
                4 * np.sqrt(values[1]),
                4 * np.sqrt(values[0]),
                angle=angle,
                fill=False,
                edgecolor="#444444",
                linewidth=1,
                linestyle=(0, (4, 2)),
            )
        )
    return figure


def draw_views(views: Sequence[tuple[str, Arrays]]) -> Figure:
    """Codes of larger networks in two dimensions, each on its own scale."""
    figure, panels = panel_grid([title for title, _ in views], columns=3, row_height=3.0)
    for axis, (_, arrays) in zip(panels, views, strict=True):
        scatter_codes(axis, arrays)
        draw_prior(axis, arrays.get("codes_origin"))
        axis.set_aspect("equal", adjustable="datalim")
    return figure


def draw_posteriors(arrays: Arrays) -> Figure:
    """The exact posterior of a few images' codes and the encoder's Gaussian."""
    count = len(arrays["posterior_windows"])
    gaps = arrays["derivation_gaps"][:count]
    titles = [f"image {n + 1}: gap {gap:.2f} nats" for n, gap in enumerate(gaps)]
    figure, panels = panel_grid(titles, columns=count, row_height=2.7)
    step = float(arrays["posterior_step"])
    for n, axis in enumerate(panels):
        window, centre = arrays["posterior_windows"][n], arrays["posterior_centres"][n]
        half = (len(window) - 1) / 2 * step
        extent = (centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half)
        axis.imshow(
            window.T,
            origin="lower",
            extent=extent,
            cmap="Blues",
            vmin=0,
            vmax=1,
            interpolation="bilinear",
        )
        loc, scale = arrays["posterior_loc"][n], arrays["posterior_scale"][n]
        for width in (1, 2):
            axis.add_patch(
                Ellipse(
                    tuple(loc),
                    2 * width * scale[0],
                    2 * width * scale[1],
                    fill=False,
                    edgecolor="#D55E00",
                    linewidth=1.4,
                )
            )
        reach = 4.5 * float(scale.max())
        axis.set(
            xlim=(loc[0] - reach, loc[0] + reach),
            ylim=(loc[1] - reach, loc[1] + reach),
            xlabel="first coordinate of z",
        )
        axis.grid(False)
    panels[0].set_ylabel("second coordinate of z")
    return figure


def draw_manifold(images: np.ndarray) -> Figure:
    """What the decoder makes of codes at normal quantiles."""
    figure, axes = new_figure(1, 1, 6.4)
    side = int(np.sqrt(len(images)))
    show(axes[0, 0], images.reshape(side, side, -1))
    return figure


def show(axis: Axes, images: np.ndarray) -> None:
    """Images (rows, columns, D) as one picture, without axes."""
    rows, columns, pixels = images.shape
    side = int(np.sqrt(pixels))
    shape = (side, side) if side * side == pixels else (1, pixels)
    axis.imshow(
        mosaic(images.reshape(rows, columns, *shape)),
        cmap="gray_r",
        vmin=0,
        vmax=255,
        interpolation="nearest",
    )
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)
