"""Likelihoods side by side: what is reconstructed, what is drawn, and how bright it is."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from studies.report.likelihoods_data import Alternative
from studies.report.loaded import StudyResults
from studies.report.style import marks, new_figure, panel_grid
from studies.report.vae_picture_figures import image_shape, mosaic
from studies.report.words import drawn

_A_ROW = 12


def draw_decoded(results: StudyResults, shown: list[Alternative]) -> Figure:
    """The same test images as each likelihood's model reconstructs them, row by row."""
    found = {a: arrays_of(results, a) for a in shown}
    rows = {drawn(a.likelihood): arrays["reconstructions"] for a, arrays in found.items()}
    grey = next((arrays for a, arrays in found.items() if a.kind != "bits"), None)
    first = grey or next(iter(found.values()))
    return _strips(results, shown[0], {"test images": first["originals"], **rows})


def draw_prior_means(results: StudyResults, shown: list[Alternative]) -> Figure:
    """What each likelihood's decoder makes of the same draws from the prior, row by row."""
    rows = {drawn(a.likelihood): arrays_of(results, a)["samples"][:_A_ROW] for a in shown}
    return _strips(results, shown[0], rows)


def draw_brightness(results: StudyResults, shown: list[Alternative]) -> Figure:
    """One panel a likelihood: how often each intensity is decoded, over how often it is seen."""
    figure, panels = panel_grid(
        [drawn(a.likelihood) for a in shown], columns=3, row_height=2.2, sharex="all", sharey="all"
    )
    chosen = marks(results)
    for panel, alternative in zip(panels, shown, strict=True):
        arrays = arrays_of(results, alternative)
        pixels, decoded = arrays["pixel_histogram"], arrays["decoded_histogram"]
        edges = np.linspace(0, 1, len(pixels) + 1)
        panel.stairs(pixels, edges, fill=True, color="#d5dbe0")
        panel.stairs(decoded, edges, color=chosen[alternative.estimator].colour, linewidth=1.6)
        panel.set_yscale("log")
    for panel in panels[::3]:
        panel.set_ylabel("share of all pixels")
    for panel in panels[-3:]:
        panel.set_xlabel("intensity")
        panel.tick_params(labelbottom=True)
    colour = chosen[shown[0].estimator].colour
    handles = [
        Patch(color="#d5dbe0", label="test images"),
        Line2D([], [], color=colour, label=f"decoded, {results.drawn_label(shown[0].estimator)}"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def arrays_of(results: StudyResults, alternative: Alternative) -> dict[str, np.ndarray]:
    """What the first seed's run left."""
    first = int(results.cells["seed"].min())
    return results.arrays(alternative.dataset, alternative.estimator, first)


def _strips(results: StudyResults, first: Alternative, rows: dict[str, np.ndarray]) -> Figure:
    """One row of pictures for each label."""
    shape = image_shape(results, first.dataset, {first.estimator: arrays_of(results, first)})
    figure, axes = new_figure(len(rows), 1, 0.72)
    for axis, (label, images) in zip(axes[:, 0], rows.items(), strict=True):
        _show(axis, images.reshape(1, len(images), *shape))
        axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8.5)
    return figure


def _show(axis: Axes, images: np.ndarray) -> None:
    axis.imshow(mosaic(images), cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)
