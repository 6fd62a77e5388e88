"""Mixtures of every number of components in one ascent, to choose among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import check_random_state

from suite.errors import InputError
from suite.gmm.callbacks import FitReport
from suite.gmm.checks import check_enough_rows, check_rows
from suite.gmm.em import EMGaussianMixture
from suite.gmm.restarts import EMSolver, best_of
from suite.gmm.rows import ArrayRows

Criterion = Literal["aic", "bic", "icl"]


@dataclass(frozen=True, eq=False)
class ComponentSweep:
    """Fitted mixtures that differ in their number of components.

    Parameters
    ----------
    mixtures
        One for each number of components, fitted.
    table
        For each, by row: n_components, total_log_likelihood (nats), n_parameters, aic, bic, icl
        (scikit-learn's sign: lower is better), is_regular.
    """

    mixtures: tuple[EMGaussianMixture, ...]
    table: pd.DataFrame

    def best(self, criterion: Criterion = "bic") -> EMGaussianMixture:
        """The mixture with the lowest value, of the regular ones if there are any.

        Raises
        ------
        InputError
            If the criterion is unknown.
        """
        if criterion not in ("aic", "bic", "icl"):
            raise InputError(f"criterion must be aic, bic or icl, got {criterion!r}.")
        regular = self.table.is_regular.to_numpy()
        values = self.table[criterion].to_numpy()
        allowed = values if not regular.any() else np.where(regular, values, np.inf)
        return self.mixtures[int(np.argmin(allowed))]


def sweep_components(
    X: ArrayLike, n_components: Sequence[int], estimator: EMGaussianMixture | None = None
) -> ComponentSweep:
    """Fit a mixture for each number of components, all of them and all their starts at once.

    Every mixture is the one that `estimator` with that `n_components` would learn by itself. One
    pass over the rows serves all of them: their components are more columns of the same products.

    Parameters
    ----------
    X
        (N, D)
    n_components
        Every K to try, each at least 1 and at most N.
    estimator
        Says all else: covariance type, starts (`n_init`), tolerance, …; the default estimator if
        left out. It is not changed. `initial`, `warm_start`, `batch_size` and `verbose` do not
        apply.

    Raises
    ------
    InputError
        If X, a number of components or the estimator cannot be used.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [0.6], [5.0], [5.2], [5.4], [5.6]]
    >>> sweep = sweep_components(X, [1, 2], EMGaussianMixture(random_state=0))
    >>> sweep.best("bic").n_components
    2
    """
    template = EMGaussianMixture() if estimator is None else estimator
    mixtures = [_with(template, k) for k in n_components]
    if not mixtures:
        raise InputError("expected at least one number of components, got none.")
    makers, starts, rows = [], [], np.empty(0)
    for mixture in mixtures:
        mixture._check_parameters()
        rows = check_rows(mixture, X, fitting=True)
        check_enough_rows(rows, mixture.n_components)
        makers.append(mixture._starts(rows, None, check_random_state(mixture.random_state)))
        starts.append(list(makers[-1]))
    solver = EMSolver(ArrayRows(rows), template._settings())
    ascents = iter(solver.ascend([start for group in starts for start in group], FitReport()))
    for mixture, made, group in zip(mixtures, makers, starts, strict=True):
        ends = [next(ascents) for _ in group]
        mixture._learn(best_of(ends, solver.coordinates, made.n_failed), rows.dtype)
    return ComponentSweep(tuple(mixtures), _table(mixtures, rows))


def _with(template: EMGaussianMixture, n_components: int) -> EMGaussianMixture:
    if template.initial is not None or template.warm_start or template.batch_size is not None:
        raise InputError(
            "a sweep makes its own starts and fits all rows at once; leave out initial, warm_start "
            "and batch_size."
        )
    mixture: EMGaussianMixture = clone(template)
    return mixture.set_params(n_components=n_components)


def _table(mixtures: Sequence[EMGaussianMixture], X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "n_components": mixture.n_components,
            "total_log_likelihood": float(mixture.score_samples(X).sum()),
            "n_parameters": mixture.n_parameters(),
            "aic": mixture.aic(X),
            "bic": mixture.bic(X),
            "icl": mixture.icl(X),
            "is_regular": mixture.diagnostics_.is_regular,
        }
        for mixture in mixtures
    )
