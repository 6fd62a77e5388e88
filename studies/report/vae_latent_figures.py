"""Figures of a VAE's latent space: where codes lie, and what each dimension carries."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke

from studies.report.loaded import StudyResults
from studies.report.style import INK, legend, marks, panel_grid
from studies.report.words import drawn

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
        _scatter_codes(panel, arrays, names, in_place)
        _draw_prior(panel, arrays)
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


def _draw_prior(panel: Axes, arrays: Mapping[str, np.ndarray]) -> None:
    origin = arrays.get("codes_origin")
    if origin is None:
        return
    centre = float(origin[0]), float(origin[1])
    for width, colour in ((3.0, "white"), (1.3, INK)):
        circle = Circle(
            centre, prior_radius(), fill=False, edgecolor=colour, linewidth=width, zorder=4
        )
        circle.set_linestyle("--" if colour == INK else "-")
        panel.add_patch(circle)


def _class_handles(names: Sequence[str]) -> list[Line2D]:
    return [
        Line2D([], [], linestyle="none", marker="o", color=_class_colour(k), label=f"{k} {n}")
        for k, n in enumerate(map(drawn, names))
    ]


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
            zorder=6,
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
