"""Published figures of VAEs at a glance: measured less published, row by row."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studies.published_vae import PublishedVAE
from studies.report.loaded import StudyResults
from studies.report.published_vae_rows import MeasuredRow
from studies.report.style import Mark, legend, marks, new_figure
from studies.report.words import drawn

SCORES = {"log_likelihood": "−log p(x)", "elbo": "−ELBO", "pseudo_elbo": "pseudo −ELBO"}
"""What reports call the negative of a score."""

_PANELS = {"bits": "bits: log probabilities", "none": "grey pixels in a Bernoulli: no probability"}
_SHIFT = 0.24
_NORMAL = 1.96  # half the width of a 95% interval, in standard errors


def draw_differences(results: StudyResults, rows: Sequence[MeasuredRow]) -> Figure:
    """One panel a kind: a row for each published figure, a mark for each run in its place."""
    kinds = [kind for kind in _PANELS if any(_shown(row, kind) for row in rows)]
    figure, axes = new_figure(1, len(kinds), 1.2 + 0.55 * _most(rows, kinds))
    chosen = marks(results)
    for axis, kind in zip(axes[0], kinds, strict=True):
        axis.set_title(_PANELS[kind])
        _draw_panel(axis, [row for row in rows if _shown(row, kind)], chosen)
    names = [name for name in results.estimators if any(row.estimator == name for row in rows)]
    legend(figure, results, names, lines=False)
    return figure


def _shown(row: MeasuredRow, kind: str) -> bool:
    return (
        row.published.kind == kind
        and np.isfinite(row.difference)
        and row.verdict not in ("other data", "no run")
    )


def _most(rows: Sequence[MeasuredRow], kinds: Sequence[str]) -> int:
    return max(len({r.published for r in rows if _shown(r, kind)}) for kind in kinds)


def _draw_panel(axis: Axes, rows: Sequence[MeasuredRow], chosen: dict[str, Mark]) -> None:
    places = list(dict.fromkeys(row.published for row in rows))
    estimators = [name for name in chosen if any(row.estimator == name for row in rows)]
    axis.axvline(0, color="#9a9a9a", linewidth=0.9, zorder=1)
    for y, published in enumerate(places):
        low, high = (edge - published.value for edge in published.band)
        axis.barh(y, high - low, left=low, height=0.8, color="#e9eef2", zorder=0)
    for row in rows:
        offset = estimators.index(row.estimator) - (len(estimators) - 1) / 2
        mark = chosen[row.estimator]
        error = _NORMAL * row.image_error
        axis.errorbar(
            row.difference,
            places.index(row.published) + _SHIFT * offset,
            xerr=error if np.isfinite(error) else None,
            color=mark.colour,
            marker=mark.marker,
            markersize=5.5,
            capsize=2.5,
            linewidth=1.3,
            linestyle="none",
            zorder=3,
        )
    axis.set_yticks(range(len(places)), [_tick(published) for published in places])
    axis.set_ylim(len(places) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("measured − published (nats per image)")


def _tick(published: PublishedVAE) -> str:
    when = f", epoch {published.epoch}" if published.epoch else ""
    return drawn(f"{published.dataset}{when}") + f"\n{SCORES[published.score]} {published.printed}"
