"""Results of standardised data, put back on the scale that the data came on."""

from dataclasses import replace

import numpy as np

from studies.results import CellResult
from suite.data import Dataset


def _per_datum(log_scale: float, n_rows: int) -> float:
    return -log_scale


def _total(log_scale: float, n_rows: int) -> float:
    return -n_rows * log_scale


def _criterion(log_scale: float, n_rows: int) -> float:
    return 2 * n_rows * log_scale


_SHIFTS = {
    "log_likelihood": _per_datum,
    "elbo": _per_datum,
    "objective": _per_datum,
    "highest_bound": _per_datum,
    "ais_log_likelihood": _per_datum,
    "iw_log_likelihood_on_ais_images": _per_datum,
    "total_log_likelihood": _total,
    "bic": _criterion,
    "icl": _criterion,
}
"""By metric: what is added. Criteria are −2 log p + penalty of the training rows; what is no
log-density, or a difference of two, is as it was."""

_ARRAYS = ("elbo_per_datum", "log_likelihood_per_datum", "ladder_log_likelihood")
"""Those that hold log-densities of single data, or means of them."""


def on_given_scale(result: CellResult, dataset: Dataset) -> CellResult:
    """`result` with log p_x(x) = log p_z(z) − `dataset.log_scale` in scores and trace.

    Parameters
    ----------
    result
        Measured on the rows of `dataset`.
    dataset
        Perhaps standardised (`suite.data.standardising`); otherwise nothing changes.

    Arrays of log-densities are shifted with the scores, so that each is still the mean of its own.
    """
    if dataset.log_scale == 0.0:
        return result
    n_rows = len(dataset.train)

    def shifted(metric: str, value: float) -> float:
        shift = _SHIFTS.get(metric)
        return value if shift is None else value + shift(dataset.log_scale, n_rows)

    log_densities = list(_ARRAYS)
    if result.dataset_facts.get("worst_by") == "elbo":
        log_densities.append("worst_scores")
    arrays = {
        name: array - np.float32(dataset.log_scale) if name in log_densities else array
        for name, array in result.arrays.items()
    }
    return replace(
        result,
        arrays=arrays,
        scores=[replace(s, value=shifted(s.metric, s.value)) for s in result.scores],
        trace=[replace(p, value=shifted(p.metric, p.value)) for p in result.trace],
    )
