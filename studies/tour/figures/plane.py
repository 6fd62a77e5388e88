"""Figures over the plane of Old Faithful: the data, EM's frames, the landscape and the bounds."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke

from studies.report.style import SOFT, new_figure, panel_grid
from studies.report.words import fixed

ONE, TWO = "#0072B2", "#D55E00"
_BLEND = LinearSegmentedColormap.from_list("responsibility", [TWO, "#9a8a9a", ONE])
_AXES = ("eruption (minutes)", "wait (minutes)")

Arrays = Mapping[str, np.ndarray]


def draw_hidden(arrays: Arrays) -> Figure:
    """The data as they come, and the log-likelihood over two means."""
    figure, axes = new_figure(1, 2, 3.9)
    left, right = axes[0]
    X = arrays["em_rows"]
    left.scatter(X[:, 0], X[:, 1], s=12, color="#555555", alpha=0.75, linewidths=0)
    left.set(xlabel=_AXES[0], ylabel=_AXES[1], title="What is seen")
    axis, way = arrays["landscape_axis"], arrays["landscape_way"]
    surface = arrays["landscape"].T
    levels = np.quantile(surface, np.linspace(0.02, 1, 22))
    top = levels[-1] + 0.8 * (levels[-1] - levels[0])  # light enough for what is drawn upon it
    right.contourf(axis, axis, surface, levels=np.unique(levels), cmap="Blues", vmax=top)
    right.plot(axis, axis, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    for path in (way, way[:, ::-1]):
        right.plot(path[:, 0], path[:, 1], ".-", color="#222222", markersize=4, linewidth=1)
        right.plot(*path[-1], "*", color=TWO, markersize=12, markeredgecolor="white")
    right.set(
        xlabel="mean wait of component 1 (minutes)",
        ylabel="mean wait of component 2 (minutes)",
        title="The log-likelihood over two means",
    )
    return figure


def draw_frames(arrays: Arrays, frames: tuple[int, ...]) -> Figure:
    """EM's iterates: responsibilities as colours, components as ellipses."""
    heights = arrays["em_log_likelihood"]
    last = len(heights) - 1
    shown = [*(t for t in frames if t < last), last]
    titles = [f"{_ordinal(t, last)}: {fixed(heights[t], 3)} nats" for t in shown]
    figure, panels = panel_grid([*titles, "log-likelihood"], columns=4, row_height=2.75)
    for i, (t, panel) in enumerate(zip(shown, panels, strict=False)):
        _frame(panel, arrays, t)
        panel.set(xlim=(0.9, 5.6), ylim=(34, 104), xlabel=_AXES[0] if i >= 3 else "")
        panel.set_ylabel(_AXES[1] if i % 4 == 0 else "")
    rise = panels[-1]
    rise.plot(heights, color="#222222", linewidth=1.6)
    rise.plot(shown, heights[shown], "o", color="#222222", markersize=5)
    rise.set(xlabel="iteration", ylabel="nats per datum")
    return figure


def draw_one(arrays: Arrays) -> Figure:
    """The log-likelihood of one free mean, and the parabolas that EM climbs."""
    figure, axes = new_figure(1, 1, 4.0)
    axis = axes[0, 0]
    grid, visited = arrays["one_grid"], arrays["one_visited"]
    heights = arrays["one_visited_log_likelihood"]
    axis.plot(grid, arrays["one_log_likelihood"], color="#222222", linewidth=2.2)
    low, high = heights.min() - 0.12, arrays["one_log_likelihood"].max() + 0.06
    colours = ["#56B4E9", "#009E73", "#E69F00", "#CC79A7", ONE, TWO]
    for i, curve in enumerate(arrays["one_bounds"]):
        colour = colours[i % len(colours)]
        inside = curve > low
        axis.plot(grid[inside], curve[inside], color=colour, linewidth=1.3)
        top = float(np.interp(visited[i + 1], grid, curve))
        axis.plot([visited[i + 1]] * 2, [top, heights[i + 1]], color=colour, linestyle=":")
        axis.plot(visited[i + 1], top, "^", color=colour, markersize=5)
        axis.plot(visited[i], heights[i], "o", color=colour, markersize=6)
        axis.annotate(
            f"$m_{i}$",
            (visited[i], heights[i]),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axis.set(
        ylim=(low, high),
        xlim=(grid[0], 95),
        xlabel="m, the free mean (minutes)",
        ylabel="nats per datum",
    )
    place = (47.0, float(np.interp(47.0, grid, arrays["one_log_likelihood"])))
    axis.annotate("ℓ(m)", place, xytext=(-22, 6), textcoords="offset points", fontsize=10)
    return figure


def draw_steps(arrays: Arrays) -> Figure:
    """Along the line through two iterates: log-likelihood, bound and what lies between."""
    frames = [int(t) for t in arrays["step_frames"]]
    figure, panels = panel_grid(
        [f"from iterate {t} to {t + 1}" for t in frames], columns=3, row_height=3.1
    )
    for line, panel in zip(arrays["step_lines"], panels, strict=True):
        a, log_p, bound, _ = line[:, ~np.isnan(line[0])]
        panel.plot(a, log_p, color="#222222", linewidth=2.2, label="ℓ(θ)")
        panel.plot(a, bound, color=ONE, linewidth=1.6, label="F(q, θ)")
        panel.fill_between(a, bound, log_p, color=ONE, alpha=0.1, linewidth=0)
        touch, step = (int(np.flatnonzero(a == place)[0]) for place in (0.0, 1.0))
        panel.plot(a[touch], log_p[touch], "o", color="#222222", markersize=7)
        panel.plot(a[step], bound[step], "^", color=ONE, markersize=7)
        panel.plot([a[step]] * 2, [bound[step], log_p[step]], ":", color=ONE)
        rise = log_p[step] - log_p[touch]
        panel.set_ylim(log_p[touch] - 2.5 * rise, log_p.max() + 0.6 * rise)
        panel.set_xlabel("place on the line: 0 is θₜ, 1 is θₜ₊₁")
    panels[0].set_ylabel("nats per datum")
    panels[0].legend(loc="lower center")
    return figure


def ellipse(axis: Axes, mean: np.ndarray, covariance: np.ndarray, colour: str) -> None:
    """Where a normal density falls to exp(−2) of its peak: two standard deviations."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    width, height = 4 * np.sqrt(values[1]), 4 * np.sqrt(values[0])
    axis.add_patch(
        Ellipse(
            tuple(mean), width, height, angle=angle, fill=False, edgecolor=colour, linewidth=1.8
        )
    )
    axis.plot(
        *mean,
        "+",
        color=colour,
        markersize=9,
        markeredgewidth=2,
        path_effects=[withStroke(linewidth=4, foreground="white")],
    )


def responsibilities(arrays: Arrays, t: int) -> np.ndarray:
    """r_n1 at iterate t, from its stored parameters: (N,)."""
    from suite.gmm import MixtureParameters

    theta = MixtureParameters(
        arrays["em_weights"][t], arrays["em_means"][t], arrays["em_covariances"][t], "full"
    )
    found: np.ndarray = theta.responsibilities(arrays["em_rows"])[:, 0]
    return found


def _frame(axis: Axes, arrays: Arrays, t: int) -> None:
    X = arrays["em_rows"]
    axis.scatter(
        X[:, 0],
        X[:, 1],
        s=9,
        c=responsibilities(arrays, t),
        cmap=_BLEND,
        vmin=0,
        vmax=1,
        linewidths=0,
    )
    for k, colour in enumerate((ONE, TWO)):
        ellipse(axis, arrays["em_means"][t, k], arrays["em_covariances"][t, k], colour)


def _ordinal(t: int, last: int) -> str:
    return "start" if t == 0 else f"{t} (end)" if t == last else f"{t}"
