"""Figures of bounds on log p(x): against the number of samples, and what the ELBO loses."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from studies.report.loaded import StudyResults
from studies.report.scales import short
from studies.report.style import INK, SOFT, legend, marks, new_figure, panel_grid
from studies.report.vae_bound_data import Ladder
from studies.statistics import CONFIDENCE

_DOTTED = (0, (1.5, 1.5))


def draw_ladder(
    results: StudyResults, ladders: Mapping[str, Ladder], above: Mapping[str, float]
) -> Figure:
    """Bounds and effective sample sizes against K, by estimator: median over seeds, and range.

    `above` is what annealing found beyond the last bound, by estimator, drawn as a dotted line
    that much above it.
    """
    titles = ["importance-weighted bound", "effective sample size"]
    figure, panels = panel_grid(titles, columns=2, row_height=3.3)
    chosen = marks(results)
    for order, (name, rungs) in enumerate(ladders.items()):
        line = chosen[name].line | {"marker": chosen[name].marker, "markersize": 4.5}
        places = rungs.samples * 1.09 ** (order - (len(ladders) - 1) / 2)  # beside each other
        half = _width() * np.median(rungs.monte_carlo_errors, axis=0)
        middle = np.median(rungs.bounds, axis=0)
        panels[0].plot(places, middle, zorder=3 + order, **line)
        panels[0].errorbar(
            places, middle, yerr=half, fmt="none", ecolor=chosen[name].colour, capsize=2, zorder=3
        )
        panels[0].fill_between(
            places,
            rungs.bounds.min(0),
            rungs.bounds.max(0),
            color=chosen[name].colour,
            alpha=0.14,
            linewidth=0,
        )
        panels[1].plot(places, np.median(rungs.effective_sample_sizes, 0), **line)
        if name in above:
            _draw_annealed(panels[0], middle[-1] + above[name], chosen[name].colour)
    most = max(int(rungs.samples[-1]) for rungs in ladders.values())
    panels[1].plot([1, most], [1, most], color=SOFT, linewidth=0.9, linestyle="--", zorder=1)
    panels[1].annotate(
        "all samples count",
        (most, most),
        xytext=(-4, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        rotation=0,
        fontsize=7.5,
        color=SOFT,
    )
    panels[1].set_yscale("log")
    for panel in panels:
        _sample_axis(panel, max(ladders.values(), key=lambda rungs: len(rungs.samples)).samples)
    panels[0].set_ylabel("$L_K$ (nats per datum)")
    panels[1].set_ylabel("samples")
    panels[1].yaxis.set_major_formatter(FuncFormatter(lambda y, _: short(y)))
    extra = [Line2D([], [], color=INK, linestyle=_DOTTED, linewidth=1.3, label="with annealing")]
    legend(figure, results, list(ladders), extra=extra if above else [])
    return figure


def draw_gaps(results: StudyResults, gaps: pd.DataFrame) -> Figure:
    """What the ELBO loses to the encoder and to the family, with intervals over images."""
    places = list(zip(gaps["dataset"], gaps["estimator"], strict=True))
    figure, axes = new_figure(1, 1, 1.15 + 0.34 * len(places))
    axis = axes[0, 0]
    chosen = marks(results)
    parts = {"amortisation": ("o", ""), "approximation": ("D", "white")}
    for i, (_, name) in enumerate(places):
        colour = chosen[str(name)].colour
        for shift, (part, (marker, face)) in zip((-0.14, 0.14), parts.items(), strict=True):
            value = float(gaps[f"{part}_gap"].iloc[i])
            half = _width() * float(gaps[f"{part}_gap_standard_error"].iloc[i])
            axis.errorbar(
                value,
                i + shift,
                xerr=half if np.isfinite(half) else None,
                fmt=marker,
                color=colour,
                markerfacecolor=face or colour,
                markersize=6,
                elinewidth=1.4,
            )
    labels = [f"{results.drawn_label(str(n))}, {d}" for d, n in places]
    axis.set_yticks(range(len(places)), labels)
    axis.set_ylim(len(places) - 0.5, -0.5)
    axis.set_xlim(left=min(0.0, axis.get_xlim()[0]))
    axis.set_xlabel("gap (nats per datum)")
    handles = [
        Line2D([], [], linestyle="none", marker=m, color=INK, markerfacecolor=f or INK, label=label)
        for label, (m, f) in {
            "amortisation: one encoder for all images": parts["amortisation"],
            "approximation: a diagonal Gaussian for each": parts["approximation"],
        }.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def _width() -> float:
    """Standard errors on either side in an interval."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + CONFIDENCE / 2))


def _draw_annealed(panel: Axes, level: float, colour: str) -> None:
    panel.axhline(level, color=colour, linewidth=1.3, linestyle=_DOTTED, zorder=2)


def _sample_axis(panel: Axes, samples: np.ndarray) -> None:
    panel.set_xscale("log")
    panel.set_xticks(samples, [short(float(k)) for k in samples])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xlabel("samples $K$ per image")
