"""A Gaussian mixture by expectation maximisation, by hand in PyTorch."""

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.callback import CallbackContext
from sklearn.utils._param_validation import Interval

from suite.device import resolve_device
from suite.errors import InputError
from suite.gmm.base import MixtureEstimator
from suite.gmm.callbacks import FitReport, Listener, Printer
from suite.gmm.checks import check_start, resolve_dtype
from suite.gmm.diagnostics import LEAST_SPREAD, RegularLimits
from suite.gmm.given import GivenStart
from suite.gmm.online import OnlineEM
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters
from suite.gmm.restarts import EMSettings, EMSolver, best_of
from suite.gmm.rows import ArrayRows, Rows
from suite.gmm.starts import Starts
from suite.progress import Callback
from suite.random import RandomState


class EMGaussianMixture(OnlineEM, MixtureEstimator):
    """A Gaussian mixture fitted by expectation maximisation (Dempster, Laird and Rubin, 1977).

    Each iteration sets q(z | x) to the exact posterior, which makes the evidence lower bound

        L(q, θ) = E_q[log p(x, z | θ)] − E_q[log q(z | x)] ≤ log p(x | θ)

    an equality, and then maximises it over θ = (π, μ, Σ) in closed form. From the same start it
    takes the same path as scikit-learn's `GaussianMixture`.

    Constructor, attributes, methods and behaviour are those of scikit-learn 1.9's class, whose
    public tests it passes; what it has beside them is marked with an asterisk.

    Parameters
    ----------
    n_components
        K.
    covariance_type
        "full", "tied", "diag" or "spherical"; "tied_diag" or "tied_spherical" (*).
    tol
        Converged when the bound changes by less than this in one iteration, in nats per datum.
    reg_covar
        Added to the diagonal of every covariance after the M-step.
    max_iter
        The largest number of iterations from one start.
    n_init
        How many starts to try; of those that end regular the one with the highest bound is kept. Of
        several starts, one that has a component without spread is left out.
    init_params
        How to start: "kmeans", "k-means++", "random" or "random_from_data".
    weights_init, means_init, precisions_init
        The start or parts of it: (K,), (K, D), and the shape of `precisions_`. Only what is not
        given is found by `init_params`.
    initial
        (*) The whole start as one object that every mixture of the suite takes; then `n_init`,
        `init_params` and the three above have no say, and the latter must not be given.
    random_state
        Seed or generator for the starts, and for `sample`.
    warm_start
        Whether `fit` goes on from where the last one ended; then there is one start only.
    verbose, verbose_interval
        1: print starts, and every so many iterations; 2: also seconds and changes of the bound.
    least_spread
        (*) A start that ends with a component narrower than this share of the data's variance, in
        any direction, counts as degenerate and ranks behind the others. The default finds what has
        collapsed; on a table of a few hundred rows 1e-3 also ranks *spurious* optima last: high and
        narrow, on a few rows that happen to lie close together.
    least_count
        (*) So does one that ends with a component on fewer effective rows, if components have
        covariances of their own. None: as many as a covariance needs, which is one more than there
        are directions for "full", and two for "diag" and "spherical" (less one half).
    batch_size
        (*) None: every iteration is one exact EM step on all rows. Else stepwise EM in random
        batches of so many rows, one pass over all of them an iteration (see `StepwiseEM`).
    step_exponent
        (*) α in the step size (t + 1)^(−α) of stepwise EM, in batches or by `partial_fit`; above ½
        and at most 1. Small: soon forgets.
    device
        (*) Where to compute: "cpu", "cuda", "mps" or "auto".
    dtype
        (*) What to compute in: "float64", also for float32 data, or "float32". What is learned and
        predicted is in the precision of the data: float32 for float32, float64 for all else.

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_
        As in scikit-learn, in the precision of the data.
    converged_, n_iter_
        Whether and after how many iterations the best start converged.
    lower_bound_, lower_bounds_
        The bound of the best start at its last and at each iteration, in nats per datum: the mean
        log-likelihood before that iteration's M-step.
    diagnostics_
        (*) A `FitDiagnostics`: how every start ended, and what is wrong with those that are
        degenerate. A degenerate end is kept only where no start has a regular one.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> mixture = EMGaussianMixture(2, random_state=0).fit(X)
    >>> sorted(mixture.means_.ravel().round(3).tolist())
    [0.2, 5.2]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MixtureEstimator._parameter_constraints,
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", Real, None],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "least_spread": [Interval(Real, 0.0, 1.0, closed="left")],
        "least_count": [Interval(Real, 0.0, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "step_exponent": [Interval(Real, 0.5, 1.0, closed="right")],
    }

    _shared_settings: ClassVar[tuple[str, ...]] = (
        *MixtureEstimator._shared_settings,
        "tol",
        "max_iter",
        "weights_init",
        "means_init",
        "precisions_init",
        "warm_start",
        "verbose",
        "verbose_interval",
    )

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        initial: MixtureParameters | None = None,
        random_state: RandomState = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        least_spread: float = LEAST_SPREAD,
        least_count: float | None = None,
        batch_size: int | None = None,
        step_exponent: float = 0.7,
        device: str = "cpu",
        dtype: str = "float64",
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.initial = initial
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.least_spread = least_spread
        self.least_count = least_count
        self.batch_size = batch_size
        self.step_exponent = step_exponent
        self.device = device
        self.dtype = dtype

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        sample_weight: ArrayLike | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Learn the mixture from the rows of X.

        Parameters
        ----------
        X
            (N, D), at least two rows and as many rows as components, finite. A `numpy.memmap` is
            read block by block, as by `fit_chunks`, and never whole.
        y
            Ignored.
        sample_weight
            (N,), finite, not negative, not all zero: w_n in the objective Σ_n w_n log p(x_n) / Σ w.
            A row of weight 2 counts as two such rows, one of weight 0 as none.
        callback
            Called once an iteration with a `Progress` whose `state()` is a `MixtureState`. Starts
            climb side by side: it is told of the one that is then the highest. If it returns True
            the fit stops after this iteration.

        Raises
        ------
        InputError
            If X, the weights or a parameter cannot be used, or a component of a start has collapsed
            onto too few rows to have a density.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge within `max_iter` iterations, or if a component has
            collapsed on the way from every start: then the last mixture with a density is kept.
        """
        if isinstance(X, np.memmap):
            return self._fit_mapped(X, sample_weight, callback)
        self._fit(X, y, sample_weight, callback)
        return self

    def fit_predict(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        sample_weight: ArrayLike | None = None,
        callback: Callback | None = None,
    ) -> np.ndarray:
        """Fit, and give the most probable component of each row of X, shape (N,)."""
        return self.fit(X, y, sample_weight=sample_weight, callback=callback).predict(X)

    def _best_ascent(
        self,
        rows: np.ndarray,
        weights: np.ndarray | None,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> Ascent:
        return self._best_on(ArrayRows(rows, weights), starts, random, report)

    def _best_on(
        self,
        rows: Rows,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> Ascent:
        if self.batch_size is not None:
            return self._best_in_batches(rows, starts, random, report)
        solver = EMSolver(rows, self._settings())
        # What is printed is printed of one start after the other; else all climb side by side.
        groups = ([start] for start in starts) if self.verbose else [list(starts)]
        ascents: list[Ascent] = []
        for group in groups:
            ascents += solver.ascend(group, report)
            if report.stopped:
                break
        return best_of(ascents, solver.coordinates, starts.n_failed)

    def _settings(self) -> EMSettings:
        device = resolve_device(self.device)
        return EMSettings(
            covariance_type=self.covariance_type,
            reg_covar=self.reg_covar,
            tol=self.tol,
            max_iter=self.max_iter,
            previous=self._previous_bound(),
            limits=RegularLimits(self.least_spread, self.least_count),
            dtype=resolve_dtype(self.dtype, device),
            device=device,
        )

    def _learned(self, ascent: Ascent, precision: np.dtype[Any]) -> dict[str, Any]:
        return super()._learned(ascent, precision) | {"diagnostics_": ascent.diagnostics}

    def _goes_on(self) -> bool:
        return self.warm_start and hasattr(self, "converged_")

    def _previous_bound(self) -> float:
        return self.lower_bound_ if self._goes_on() else -np.inf

    def _given(self) -> GivenStart:
        return GivenStart(self.weights_init, self.means_init, self.precisions_init)

    def _n_starts(self) -> int:
        return 1 if self._goes_on() or self._given().is_complete else super()._n_starts()

    def _start(
        self, rows: np.ndarray, weights: np.ndarray | None, random: np.random.RandomState
    ) -> MixtureParameters:
        if not self._goes_on():
            return super()._start(rows, weights, random)
        start = self._parameters()
        check_start(start, self.n_components, rows.shape[1], self.covariance_type)
        return start

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.initial is not None and not self._given().is_empty:
            raise InputError(
                "expected either initial or weights_init, means_init and precisions_init, got "
                "both; leave one out."
            )

    def _listeners(
        self, context: CallbackContext, data: dict[str, Any], precision: np.dtype[Any]
    ) -> list[Listener]:
        listeners = super()._listeners(context, data, precision)
        if self.verbose:
            listeners.insert(0, Printer(int(self.verbose), self.verbose_interval))
        return listeners
