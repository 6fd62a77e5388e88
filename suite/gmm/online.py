"""What EM by hand can do with data that do not fit in memory, or that come bit by bit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from suite.gmm.base import MixtureEstimator
from suite.gmm.callbacks import FitReport
from suite.gmm.checks import check_enough_rows, check_rows, check_sample_weight
from suite.gmm.coordinates import Coordinates
from suite.gmm.outcome import Ascent
from suite.gmm.restarts import EMSettings, best_of
from suite.gmm.rows import ArrayRows, ChunkedRows, Rows, thinned
from suite.gmm.starts import Starts
from suite.gmm.stepwise import StepwiseEM, ascend_in_batches
from suite.progress import Callback

_ROWS_FOR_A_START = 20_000


class OnlineEM(MixtureEstimator, ABC):
    """`fit_chunks`, `partial_fit` and fits in batches."""

    batch_size: int | None
    _stepwise: StepwiseEM
    step_exponent: float

    def fit_chunks(self, chunks: Iterable[ArrayLike], *, callback: Callback | None = None) -> Self:
        """Learn from rows that come in chunks, with the exact statistics of all of them.

        The result is that of `fit` on all chunks in one array, from the same start. Only the start
        is found on a part: at most 20,000 rows, taken at equal distances. At no time is more than
        one chunk held, beside some hundred megabytes.

        Parameters
        ----------
        chunks
            Arrays of shape (n_i, D), the same at each pass; EM makes one pass an iteration. A list
            of arrays or memory maps, or any object whose `__iter__` begins anew; no generator.
        callback
            As for `fit`.

        Raises
        ------
        InputError
            If the chunks can be read only once, are not finite, or do not fit together.

        Examples
        --------
        >>> from suite.gmm import EMGaussianMixture
        >>> chunks = [[[0.0], [5.0]], [[0.2], [5.2]], [[0.4], [5.4]]]
        >>> mixture = EMGaussianMixture(2, random_state=0).fit_chunks(chunks)
        >>> sorted(mixture.means_.ravel().round(3).tolist())
        [0.2, 5.2]
        """
        self._check_parameters()
        return self._fit_source(ChunkedRows(chunks), {"X": chunks, "y": None}, callback)

    def partial_fit(
        self, X: ArrayLike, y: object = None, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn from one more batch of rows, by one step of `StepwiseEM`.

        The first batch, unless `fit` or `initial` came before it, also gives the start, and needs
        rows enough for that. `n_iter_` counts the batches, `lower_bounds_` holds the mean
        log-likelihood of each before its step, in nats per datum.

        Parameters
        ----------
        X
            (N, D)
        y
            Ignored.
        sample_weight
            (N,), as for `fit`; a batch counts by itself, whatever its weights sum to.

        Raises
        ------
        InputError
            If the batch cannot be used, or a component loses its spread in it; then the mixture
            stays as it was.
        """
        self._check_parameters()
        fitted = hasattr(self, "means_")
        rows = check_rows(self, X, fitting=not fitted)
        weights = check_sample_weight(sample_weight, len(rows))
        source = ArrayRows(rows, weights)
        if not hasattr(self, "_stepwise"):
            self._begin_stepwise(source, fitted)
        self._stepwise.update(source)
        ascent = self._stepwise.ascent(self._stepwise.lower_bounds)
        self._keep(best_of([ascent], self._stepwise.coordinates), rows.dtype)
        return self

    def _begin_stepwise(self, source: ArrayRows, fitted: bool) -> None:
        if fitted:  # the fit counts as one batch
            start, n_steps = self._parameters(), 1
        else:
            check_enough_rows(source.X, self.n_components, source.weights)
            random = check_random_state(self.random_state)
            start, n_steps = self._start(source.X, source.weights, random), 0
        self._stepwise = StepwiseEM.begin(
            source, start, self._settings(), exponent=self.step_exponent, n_steps=n_steps
        )

    def _learn(self, ascent: Ascent, precision: np.dtype[Any]) -> None:
        self.__dict__.pop("_stepwise", None)  # partial_fit goes on from here
        self._keep(ascent, precision)

    def _keep(self, ascent: Ascent, precision: np.dtype[Any]) -> None:
        super()._learn(ascent, precision)

    def _fit_mapped(
        self, X: np.ndarray, sample_weight: ArrayLike | None, callback: Callback | None
    ) -> Self:
        self._check_parameters()
        weights = check_sample_weight(sample_weight, len(X))
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": None, "metadata": metadata}
        return self._fit_source(ArrayRows(X, weights), data, callback)

    def _fit_source(self, rows: Rows, data: dict[str, Any], callback: Callback | None) -> Self:
        random = check_random_state(self.random_state)
        some = check_rows(self, thinned(rows, _ROWS_FOR_A_START), fitting=True)
        check_enough_rows(some, self.n_components)
        starts = self._starts(some, None, random)
        self._conduct(
            lambda report: self._best_on(rows, starts, random, report),
            {"metadata": {}} | data,
            some.dtype,
            callback,
        )
        return self

    def _best_in_batches(
        self,
        rows: Rows,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> Ascent:
        assert self.batch_size is not None
        ascents: list[Ascent] = []
        settings = self._settings()
        for start in starts:
            ascents.append(
                ascend_in_batches(
                    rows,
                    start,
                    settings,
                    batch_size=self.batch_size,
                    exponent=self.step_exponent,
                    random=random,
                    report=report.begin(),
                )
            )
            if report.stopped:
                break
        coordinates = Coordinates.of(rows, settings.covariance_type)
        return best_of(ascents, coordinates, starts.n_failed)

    @abstractmethod
    def _settings(self) -> EMSettings:
        """What an ascent has to know."""

    @abstractmethod
    def _best_on(
        self,
        rows: Rows,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> Ascent:
        """Climb from every start on these rows and give the end to keep."""
