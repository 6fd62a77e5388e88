"""Figures of a VAE's latent space: where codes lie, and what each dimension carries."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from studies.report.code_scatter import PRIOR_SHARE, class_colour, draw_prior, scatter_codes
from studies.report.loaded import StudyResults
from studies.report.style import INK, legend, marks, panel_grid
from studies.report.words import drawn


def draw_latent(results: StudyResults, dataset: str) -> Figure:
    """Codes of test images in two dimensions, coloured and named by class, and the prior's circle.

    The circle is left out of views that do not say where z = 0 lies.
    """
    found = results.pictures(dataset, "codes")
    names = [str(n) for n in results.facts(dataset).get("label_names", [])]
    labels = [results.drawn_label(name) for name in found]
    columns = 2 if len(found) == 4 else 3
    figure, panels = panel_grid(labels, columns=columns, row_height=4.2 if columns == 2 else 3.3)
    in_place = all(len(name) <= 2 for name in names)
    for i, (panel, arrays) in enumerate(zip(panels, found.values(), strict=True)):
        scatter_codes(panel, arrays, partial(_class_name, names if in_place else ()))
        draw_prior(panel, arrays.get("codes_origin"))
        panel.set_aspect("equal", adjustable="datalim")
        panel.set_xlabel("first dimension of the view")
        if i % columns == 0:
            panel.set_ylabel("second dimension of the view")
    handles = [] if in_place else _class_handles(names)
    if any("codes_origin" in arrays for arrays in found.values()):
        share = f"{PRIOR_SHARE:.0%} of the prior"
        handles.append(Line2D([], [], color=INK, linewidth=1.3, linestyle="--", label=share))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=6, handletextpad=0.4)
    return figure


def draw_rates(results: StudyResults, dataset: str, threshold: float) -> Figure:
    """KL divergence per dimension, each estimator's sorted; whiskers are the seeds' range.

    `threshold` is in the variance of the posterior means, above which a dimension is active; the
    panel below shows those variances, on the same order of dimensions.
    """
    found = dimension_use(results, dataset)
    titles = ["KL divergence from the prior", "variance of the posterior means"]
    figure, panels = panel_grid(titles, columns=1, row_height=2.3, sharex="all")
    chosen = marks(results)
    n_dims = max(rates.shape[1] for rates, _ in found.values())
    width = 0.8 / len(found)
    for order, (name, arrays) in enumerate(found.items()):
        places = np.arange(1, n_dims + 1) - 0.4 + width * (order + 0.5)
        for panel, values in zip(panels, arrays, strict=True):
            middle = np.median(values, axis=0)
            spread = np.stack([middle - values.min(0), values.max(0) - middle])
            panel.bar(
                places[: values.shape[1]], middle, width * 0.92, color=chosen[name].colour, zorder=2
            )
            if len(values) > 1:
                panel.errorbar(
                    places[: values.shape[1]],
                    middle,
                    yerr=spread,
                    fmt="none",
                    ecolor=INK,
                    elinewidth=0.8,
                    zorder=3,
                )
    panels[0].set_ylabel("nats per datum")
    panels[1].set_ylabel("variance")
    panels[1].set_yscale("log")
    panels[1].set_ylim(bottom=min(threshold / 5, 0.8 * panels[1].get_ylim()[0]))
    panels[1].axhline(threshold, color=INK, linestyle="--", linewidth=1, zorder=4)
    panels[1].annotate(
        f"active above {threshold:g}",
        (1, threshold),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7.5,
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )
    panels[1].set_xlabel("dimensions of the code, each run's sorted by its KL divergence")
    panels[1].set_xticks([1, *range(5, n_dims + 1, 5)] if n_dims > 5 else range(1, n_dims + 1))
    panels[1].set_xlim(0.4, n_dims + 0.6)
    legend(figure, results, list(found), lines=False)
    return figure


def dimension_use(results: StudyResults, dataset: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By estimator, rates and variances of posterior means, (seeds, J) each, by falling rate."""
    found = {}
    for name in results.estimators:
        rates, variances = [], []
        for seed in sorted(set(results.runs(dataset, name)["seed"])):
            arrays = results.arrays(dataset, name, int(seed))
            if not {"rate_per_dimension", "posterior_mean_variance"} <= set(arrays):
                continue
            order = np.argsort(-arrays["rate_per_dimension"], kind="stable")
            rates.append(arrays["rate_per_dimension"][order])
            variances.append(arrays["posterior_mean_variance"][order])
        if rates:
            found[name] = np.stack(rates), np.stack(variances)
    return found


def _class_name(names: Sequence[str], k: int) -> str:
    return drawn(names[k]) if k < len(names) else str(k)


def _class_handles(names: Sequence[str]) -> list[Line2D]:
    return [
        Line2D([], [], linestyle="none", marker="o", color=class_colour(k), label=f"{k} {n}")
        for k, n in enumerate(map(drawn, names))
    ]
