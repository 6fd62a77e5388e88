"""A Gaussian mixture by expectation maximisation, by hand in PyTorch."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from suite.gmm.base import Ascent, MixtureEstimator, Report
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.steps import MixtureTensors, e_step, m_step
from suite.random import RandomState


class EMGaussianMixture(MixtureEstimator):
    """A Gaussian mixture fitted by expectation maximisation (Dempster, Laird and Rubin, 1977).

    Each iteration sets q(z | x) to the exact posterior, which makes the evidence lower bound

        L(q, θ) = E_q[log p(x, z | θ)] − E_q[log q(z | x)] ≤ log p(x | θ)

    an equality, and then maximises it over θ = (π, μ, Σ) in closed form. From the same start it
    takes the same path as scikit-learn's `GaussianMixture`.

    Parameters
    ----------
    n_components
        K.
    covariance_type
        "full", "tied", "diag", "spherical", "tied_diag" or "tied_spherical".
    tol
        Converged when the bound changes by less than this in one iteration, in nats per datum.
    reg_covar
        Added to the diagonal of every covariance after the M-step.
    max_iter
        The largest number of iterations from one start.
    n_init
        How many starts to try; the one with the highest bound is kept.
    init_params
        How to start: "kmeans", "k-means++", "random" or "random_from_data".
    initial
        The start itself; then `n_init` and `init_params` have no say.
    random_state
        Seed or generator for the starts, and for `sample`.
    device
        Where to compute: "cpu", "cuda", "mps" or "auto".
    dtype
        What to compute in: "float64" or "float32". Results are float64 arrays.

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_
        As in scikit-learn, float64.
    converged_, n_iter_
        Whether and after how many iterations the best start converged.
    lower_bound_, lower_bounds_
        The bound of the best start at its last and at each iteration, in nats per datum: the mean
        log-likelihood before that iteration's M-step.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> mixture = EMGaussianMixture(2, random_state=0).fit(X)
    >>> sorted(mixture.means_.ravel().round(3).tolist())
    [0.2, 5.2]
    """

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
        initial: MixtureParameters | None = None,
        random_state: RandomState = None,
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
        self.initial = initial
        self.random_state = random_state
        self.device = device
        self.dtype = dtype

    def _ascend(
        self,
        X: Tensor,
        start: MixtureParameters,
        random: np.random.RandomState,
        report: Report,
    ) -> Ascent:
        centre = X.mean(0)  # sums of squares round least near the origin
        X = X - centre
        mixture = MixtureTensors.from_parameters(start, like=X, offset=centre)
        bounds: list[float] = []
        previous, converged = -np.inf, False
        for _ in range(self.max_iter):
            log_prob, responsibilities = e_step(X, mixture)
            mixture = m_step(X, responsibilities, self.covariance_type, self.reg_covar)
            bounds.append(float(log_prob.mean()))
            if report(bounds[-1], _state(mixture, centre, responsibilities)):
                break
            converged = abs(bounds[-1] - previous) < self.tol
            if converged:
                break
            previous = bounds[-1]
        return Ascent(mixture.to_parameters(centre), bounds, converged)


def _state(
    mixture: MixtureTensors, centre: Tensor, responsibilities: Tensor
) -> Callable[[], MixtureState]:
    return lambda: MixtureState(mixture.to_parameters(centre), responsibilities.cpu().numpy())
