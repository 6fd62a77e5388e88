"""A Gaussian mixture by stochastic variational inference, with Pyro."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor

from suite.errors import InputError
from suite.gmm.amortised import AssignmentNetwork
from suite.gmm.base import MixtureEstimator
from suite.gmm.callbacks import FitReport, StartReport
from suite.gmm.climb import INFERENCES, Climb, Wanted
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters
from suite.gmm.posterior_views import PosteriorViews
from suite.gmm.prior import MixturePrior
from suite.gmm.starts import Starts
from suite.gmm.svi_outcome import SVIAscent, best_one_by_one
from suite.gmm.svi_steps import Steps, private_pyro
from suite.objective import NotComparable, PointObjective
from suite.progress import Callback
from suite.random import RandomState


class SVIGaussianMixture(PosteriorViews, MixtureEstimator):
    """A Gaussian mixture fitted by gradient ascent of Pyro's evidence lower bound.

    The assignments are summed exactly; `inference` says what is done with θ = (π, μ, Σ):

    - "mle": maximum likelihood. The objective is that of EM, L(q, θ) ≤ log p(x | θ), with
      posterior="exact" the log-likelihood itself, with posterior="amortised" below it by the mean
      KL(q(z | x) ‖ p(z | x)) of a network q(z | x) = Categorical(softmax(network(x))).
    - "map": maximum a posteriori. The objective is (log p(x | θ) + log p(θ)) / N.
    - "vb": variational Bayes, with q(θ) Normal in units of the start (`NormalGuide`). The
      objective is E_q[log p(x | θ) + log p(θ) − log q(θ)] / N ≤ log p(x) / N, a bound of the
      evidence. Surplus components lose their weight where the Dirichlet's concentration is below
      half the number of parameters of one component, else they come to lie on others (Rousseau and
      Mengersen, 2011, for many rows); with few rows some keep a few each. The bound itself, against
      the number of components, says more of how many are needed.

    These objectives are nats per datum, but of different things: neither of the last two can be
    compared with a log-likelihood. What is learned as weights_, means_ and covariances_ is a point
    for all three, for "vb" the image of q's median; score that point, by `score`, to compare.

    Adam takes steps on parameters in the units of the start, so that one step size suits every
    scale of data. On all rows it is halved where the bound zigzags, and the fit converges when the
    bound has changed by less than `tol` in each of 10 steps in a row. With `batch_size` an
    iteration is a pass through the data, its bound the mean over the pass; after 5 passes without
    a gain of `tol` the step is halved, and the fit converges when that has happened 7 times. An
    amortised posterior takes steps ten times as large, and its first 100 alone: a network
    that knows nothing yet would pull the components together.

    Regularisation ("mle" alone: else the prior does it): EM adds reg_covar · I to each covariance
    after its M-step. Its fixed points are where the gradient of the log-likelihood less ½ reg_covar
    Σ_k π_k tr Σ_k⁻¹, with π held fixed in that last term, vanishes; that is the direction taken
    here, and so both have the same fixed points, for every type and reg_covar. What differs is the
    way there: EM's covariances are never below reg_covar, while here the term only pushes them up;
    and from one start the two may end in different local optima. The bounds reported never include
    the term.

    Parameters
    ----------
    n_components, covariance_type, reg_covar, n_init, init_params, initial, random_state, device, \
dtype
        As for `EMGaussianMixture`.
    inference
        "mle", "map" or "vb".
    posterior
        "exact" or "amortised", which goes with inference="mle" only.
    guide_hidden_dims
        Widths of the hidden layers of the amortised posterior's network; () is linear.
    prior
        For "map" and "vb". None: `MixturePrior.for_data(X, n_components)`, weak and in the units of
        the data.
    weight_concentration
        Of that default prior's Dirichlet, at least 1, where there is no `prior`.
    n_particles
        Even: how many draws of θ "vb" averages over, the same ones at every step (`NormalGuide`).
    learning_rate
        Adam's first step size, in units of the start's standard deviations.
    batch_size
        Rows to a step. None: all.
    tol
        Nats per datum, of the rules above.
    max_iter
        The largest number of iterations from one start: steps, or passes with `batch_size`.
    order
        Of the components learned. "canonical": by their means, first feature first; "start": as the
        start has them; "auto": "start" where `initial` gives it, to be compared one by one with
        another fit from there, else "canonical", the same whatever the seed. While a fit lasts, its
        callbacks see the start's order.

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_, converged_, n_iter_, \
lower_bound_, lower_bounds_, n_features_in_, feature_names_in_
        As for `EMGaussianMixture`. The bounds are the objective before each step's update, or the
        mean over a pass.
    guide_ : torch.nn.Module or None
        The network of the amortised posterior, X to logits (N, K); q(θ) of "vb", a `NormalGuide`,
        whose components are in the start's order; else None.
    prior_ : MixturePrior or None
        The prior that was used.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> mixture = SVIGaussianMixture(2, random_state=0).fit(X)
    >>> mixture.means_.ravel().round(3).tolist()
    [0.2, 5.2]

    The evidence charges for parameters that the data had to choose; the likelihood does not:

    >>> bayes = SVIGaussianMixture(2, inference="vb", random_state=0).fit(X)
    >>> bayes.evidence_lower_bound(X, random_state=0).mean < bayes.score(X)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MixtureEstimator._parameter_constraints,
        "inference": [StrOptions(set(INFERENCES))],
        "posterior": [StrOptions({"exact", "amortised"})],
        "guide_hidden_dims": ["array-like"],
        "prior": [MixturePrior, None],
        "weight_concentration": [Interval(Real, 1.0, None, closed="left")],
        "n_particles": [Interval(Integral, 2, None, closed="left")],
        "learning_rate": [Interval(Real, 0.0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "order": [StrOptions({"auto", "canonical", "start"})],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        inference: str = "mle",
        posterior: str = "exact",
        guide_hidden_dims: Sequence[int] = (),
        prior: MixturePrior | None = None,
        weight_concentration: float = 1.0,
        n_particles: int = 16,
        learning_rate: float = 0.01,
        batch_size: int | None = None,
        tol: float = 1e-6,
        reg_covar: float = 1e-6,
        max_iter: int = 2000,
        n_init: int = 1,
        init_params: str = "kmeans",
        initial: MixtureParameters | None = None,
        order: str = "auto",
        random_state: RandomState = None,
        device: str = "cpu",
        dtype: str = "float64",
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.inference = inference
        self.posterior = posterior
        self.guide_hidden_dims = guide_hidden_dims
        self.prior = prior
        self.weight_concentration = weight_concentration
        self.n_particles = n_particles
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.initial = initial
        self.order = order
        self.random_state = random_state
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
            (N, D), at least two rows and as many rows as components, finite.
        y
            Ignored.
        sample_weight
            (N,), finite, not negative, not all zero: w_n in Σ_n w_n log p(x_n). A row of weight 2
            counts as two such rows, also against a prior. Not with posterior="amortised".
        callback
            Called once an iteration with a `Progress` whose `state()` is a `MixtureState`; steps
            count on through the starts. If it returns True the fit stops after this iteration.

        Raises
        ------
        InputError
            If X, the weights or a parameter cannot be used, or a component collapses.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge within `max_iter` iterations.
        """
        self._fit_weighted(X, y, sample_weight, callback)
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
        self._fit_weighted(X, y, sample_weight, callback)
        return self.predict(X)

    def objective_at(
        self, X: ArrayLike, start: MixtureParameters, *, random_state: int = 0
    ) -> PointObjective:
        """The log-likelihood, or its bound, and its gradient at `start`, by Pyro's own loss.

        For `suite.evaluation.parity`; see `suite.objective.ObjectiveAtPoint`. The term for
        `reg_covar` is left out. An amortised network is the one that `fit` begins with, and so
        depends on the estimator's own `random_state` alone.

        Raises
        ------
        NotComparable
            With a prior, that is for inference="map" and "vb".
        """
        self._check_parameters()
        if self.inference != "mle":
            raise NotComparable(f"inference={self.inference!r} climbs a bound that has a prior.")
        rows = self._tensor(np.asarray(X))
        wanted = self._wanted(rows, start, None, check_random_state(self.random_state))
        climb = INFERENCES[self.inference](wanted)
        with private_pyro(), climb.mixture.prepared(rows):
            objective = -climb.loss(rows, None, None) / len(rows)
            objective.backward()
        names = ("logits", "means", "scales")
        gradient = {
            name: np.asarray(part.grad.cpu(), dtype=np.float64)
            for name, part in zip(names, climb.own, strict=True)
            if part.grad is not None
        }
        q = climb.state(rows).responsibilities
        return PointObjective(float(objective.detach()), gradient, q)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.inference != "mle" and self.posterior == "amortised":
            raise InputError(
                "posterior='amortised' goes with inference='mle', got "
                f"inference={self.inference!r}; use posterior='exact'."
            )
        if self.inference == "mle" and self.prior is not None:
            raise InputError("maximum likelihood has no prior; use inference='map' or 'vb'.")
        if self.n_particles % 2:
            raise InputError(f"n_particles must be even, got {self.n_particles}.")

    def _fit_weighted(
        self,
        X: ArrayLike,
        y: object,
        sample_weight: ArrayLike | None,
        callback: Callback | None,
    ) -> None:
        if sample_weight is not None and self.posterior == "amortised":
            raise InputError(
                "posterior='amortised' takes no sample_weight: Pyro cannot weight rows whose "
                "assignment it enumerates; use posterior='exact' or repeat the rows."
            )
        # What is checked and handed to the ascent is scaled to mean one, while a prior is weighed
        # against the weights as they were given.
        self._given_weight = sample_weight
        try:
            self._fit(X, y, sample_weight, callback)
        finally:
            del self._given_weight

    def _best_ascent(
        self,
        rows: np.ndarray,
        weights: np.ndarray | None,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> Ascent:
        X = self._tensor(rows)
        row_weights = None if weights is None else self._tensor(weights)

        def ascend(start: MixtureParameters, told: StartReport) -> SVIAscent:
            return self._ascend(X, start, random, told, row_weights)

        return best_one_by_one(starts, report, ascend)

    def _ascend(
        self,
        X: Tensor,
        start: MixtureParameters,
        random: np.random.RandomState,
        report: StartReport,
        weights: Tensor | None,
    ) -> SVIAscent:
        if weights is not None:
            weights = weights * float(np.mean(np.asarray(self._given_weight, dtype=np.float64)))
        climb = INFERENCES[self.inference](self._wanted(X, start, weights, random))
        steps = Steps(
            climb,
            X,
            weights,
            learning_rate=self.learning_rate,
            tol=self.tol,
            reg_covar=self.reg_covar,
            batch_size=self.batch_size,
            random=random,
        )
        with private_pyro(), climb.mixture.prepared(X):
            bounds, converged = steps.take(self.max_iter, report)
        return self._outcome(climb, bounds, converged)

    def _wanted(
        self,
        X: Tensor,
        start: MixtureParameters,
        weights: Tensor | None,
        random: np.random.RandomState,
    ) -> Wanted:
        prior = self.prior
        if prior is None and self.inference != "mle":
            prior = MixturePrior.for_data(
                X.cpu().numpy(),
                self.n_components,
                concentration=self.weight_concentration,
                sample_weight=None if weights is None else weights.cpu().numpy(),
            )
        return Wanted(
            start=start,
            n_rows=float(len(X) if weights is None else weights.sum()),
            prior=prior,
            hidden_dims=tuple(self.guide_hidden_dims) if self.posterior == "amortised" else None,
            n_particles=self.n_particles,
            learning_rate=self.learning_rate,
            random=random,
            dtype=X.dtype,
            device=X.device,
        )

    def _outcome(self, climb: Climb, bounds: list[float], converged: bool) -> SVIAscent:
        parameters, guide = climb.parameters(), climb.learned_guide
        if self.order == "canonical" or (self.order == "auto" and self.initial is None):
            order = np.lexsort(parameters.means.T[::-1])
            parameters = parameters.permuted(order)
            if isinstance(guide, AssignmentNetwork):
                guide.permute(order.tolist())
        return SVIAscent(parameters, bounds, converged, guide=guide, prior=climb.mixture.prior)

    def _learned(self, ascent: Ascent, precision: np.dtype[Any]) -> dict[str, Any]:
        learned: dict[str, Any] = {"guide_": None, "prior_": None}
        if isinstance(ascent, SVIAscent):  # and not one that is seen on its way
            learned = {"guide_": ascent.guide, "prior_": ascent.prior}
        return super()._learned(ascent, precision) | learned
