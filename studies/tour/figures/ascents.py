"""How other studies' fits rose: the log-likelihood, and the gap below it."""

import numpy as np
from matplotlib.figure import Figure

from studies.report.loaded import StudyResults
from studies.report.style import legend, marks, new_figure

FLOOR = 1e-10
"""Nats below which a difference of two sums of 64-bit numbers is rounding."""


def draw_rise(results: StudyResults, dataset: str) -> Figure:
    """The log-likelihood of the first seed's runs, by step and by second."""
    traced = results.traced("log_likelihood", "train", dataset)
    first = traced[traced["seed"] == traced["seed"].min()]
    figure, axes = new_figure(1, 2, 3.4, sharey="all")
    chosen = marks(results)
    for axis, clock in zip(axes[0], ("step", "seconds"), strict=True):
        for name in results.estimators:
            way = first[first["estimator"] == name].sort_values("step")
            x = way["step"] + 1 if clock == "step" else way["seconds"]
            if clock == "seconds":
                way, x = way[x > 0], x[x > 0]
            axis.plot(x, way["value"], **chosen[name].line)
        axis.set_xscale("log")
    axes[0, 0].set(xlabel="1 + iterations or steps", ylabel="log p(x), training\n(nats per datum)")
    axes[0, 1].set(xlabel="fitting time (seconds)")
    legend(figure, results, results.estimators)
    return figure


def draw_gaps(results: StudyResults, dataset: str) -> Figure:
    """log p(x) − bound at each step, one curve a seed; what is rounding lies on the floor."""
    traced = results.traced("gap", "train", dataset)
    figure, axes = new_figure(1, len(results.estimators), 3.2, sharey="all")
    chosen = marks(results)
    for axis, name in zip(axes[0], results.estimators, strict=True):
        mine = traced[(traced["estimator"] == name) & (traced["step"] > 0)]
        for _, way in mine.groupby("seed"):
            way = way.sort_values("step")
            heights = np.maximum(way["value"].to_numpy(), FLOOR)
            axis.plot(way["step"], heights, color=chosen[name].colour, linewidth=1, alpha=0.8)
        axis.set(
            title=results.drawn_label(name),
            xscale="log",
            yscale="log",
            xlabel="step",
            ylim=(FLOOR / 3, 10),
        )
    axes[0, 0].set_ylabel("log p(x) − bound\n(nats per datum)")
    return figure
