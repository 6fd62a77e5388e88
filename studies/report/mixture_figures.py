"""Pictures of fitted mixtures: ellipses over the data, or densities over a histogram."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from scipy import stats

from studies.report.loaded import StudyResults
from studies.report.style import Mark, marks, panel_grid
from studies.report.words import drawn

_MOST_DRAWN_POINTS = 500
"""More than so many points make an SVG larger as drawings than as a picture."""

_CLASS_COLOURS = ("#4d4d4d", "#8c8c8c", "#b8860b", "#5b7f95", "#8a6d8f", "#7a8f5b")


def draw_fits(results: StudyResults, dataset: str) -> Figure:
    """One panel an estimator: the data in the view, and the first seed's mixture over them."""
    views = results.pictures(dataset, "view_points")
    flat = next(iter(views.values()))["view_points"].shape[1] == 1
    figure, panels = panel_grid(
        [results.drawn_label(name) for name in views],
        columns=3,
        row_height=2.9,
        sharex="all",
        sharey="all",
    )
    chosen = marks(results)
    axes_names = [drawn(str(a)) for a in results.facts(dataset).get("view", {}).get("axes", [])]
    for panel, (name, arrays) in zip(panels, views.items(), strict=True):
        (_draw_density if flat else _draw_ellipses)(panel, arrays, chosen[name])
        panel.set_xlabel(axes_names[0] if axes_names else "")
        panel.label_outer()
    panels[0].set_ylabel("density" if flat else axes_names[1] if len(axes_names) > 1 else "")
    return figure


def _draw_ellipses(axis: Axes, arrays: dict[str, np.ndarray], mark: Mark) -> None:
    points = arrays["view_points"]
    labels = arrays.get("view_labels", np.zeros(len(points), dtype=int))
    colours = [_CLASS_COLOURS[int(k) % len(_CLASS_COLOURS)] for k in labels]
    axis.scatter(
        points[:, 0],
        points[:, 1],
        s=7,
        c=colours,
        alpha=0.55,
        linewidths=0,
        rasterized=len(points) > _MOST_DRAWN_POINTS,
    )
    weights = arrays["view_weights"]
    crowded = len(weights) > 5
    for mean, covariance in zip(arrays["view_means"], arrays["view_covariances"], strict=True):
        variances, directions = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
        for deviations in (1, 2):
            minor, major = 2 * deviations * np.sqrt(np.maximum(variances, 0))
            outline = Ellipse(
                tuple(mean),
                major,
                minor,
                angle=angle,
                fill=False,
                edgecolor=mark.colour,
                linewidth=1.9 if deviations == 1 else 0.6 if crowded else 1.0,
                zorder=4,
            )
            axis.add_patch(outline)
    largest = float(weights.max())
    axis.scatter(
        arrays["view_means"][:, 0],
        arrays["view_means"][:, 1],
        s=70 * weights / largest,
        color=mark.colour,
        edgecolor="white",
        linewidth=0.8,
        zorder=5,
    )
    axis.autoscale_view()


def _draw_density(axis: Axes, arrays: dict[str, np.ndarray], mark: Mark) -> None:
    points = arrays["view_points"][:, 0]
    sns.histplot(x=points, stat="density", bins=25, color="#d0d0d0", edgecolor="white", ax=axis)
    margin = 0.08 * np.ptp(points)
    grid = np.linspace(points.min() - margin, points.max() + margin, 400)
    scales = np.sqrt(arrays["view_covariances"][:, 0, 0])
    components = arrays["view_weights"] * stats.norm.pdf(
        grid[:, None], arrays["view_means"][:, 0], scales
    )
    axis.plot(grid, components, color=mark.colour, linewidth=0.9, linestyle=(0, (3, 2)))
    axis.plot(grid, components.sum(axis=1), color=mark.colour, linewidth=2)
    axis.set_ylabel("density")
