"""The continuous Bernoulli of grey pixels, with its normaliser and, as a warning, without.

Loaiza-Ganem and Cunningham (2019): p(x | λ) = C(λ) λ^x (1 − λ)^(1 − x) on [0, 1] with
C(λ) = 2 artanh(1 − 2λ) / (1 − 2λ). All of it is written here in the logit l = log λ/(1 − λ):

    C = l / tanh(l/2),  p(x | l) = exp(x l − A(l)),
    A(l) = log ∫₀¹ exp(x l) dx = l/2 + log(sinh(l/2) / (l/2)),

so that nothing divides by 1 − 2λ, which vanishes at λ = ½. What remains, sinh(h)/h at h = 0, is
summed as a series there.
"""

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch import Tensor

from suite.vae.likelihoods import bernoulli
from suite.vae.likelihoods.base import Likelihood, Parameters
from suite.vae.likelihoods.checks import check_unit_interval
from suite.vae.likelihoods.products import dot

SERIES = (1 / 6, -1 / 180, 1 / 2835, -1 / 37800, 1 / 467775, -691 / 3831077250)
"""log(sinh(h)/h) = Σ_n c_n h^(2n), n = 1, 2, …; c_n = 2^(2n) B_2n / (2n (2n)!)."""

NEAR = 0.25
"""|h| below which the series is summed: what it leaves out is under 1e-16 there, and beyond it
the closed form's derivatives, a difference of two terms of size 1/|h|, keep their digits."""


def log_sinh_ratio(h: Tensor) -> Tensor:
    """log(sinh(h)/h), 0 at h = 0, finite for every finite h, with its derivative.

    Examples
    --------
    >>> log_sinh_ratio(torch.tensor([0.0, 1.0, 10.0]))
    tensor([0.0000, 0.1614, 7.0043])
    """
    near, series, twice = _parts(h)
    return torch.where(near, series, twice / 2 + (-torch.expm1(-twice) / twice).log())


def log_normaliser(logits: Tensor) -> Tensor:
    """log C = log(l / tanh(l/2)) in nats, at least log 2, which it is at l = 0 (λ = ½).

    Examples
    --------
    >>> log_normaliser(torch.tensor([0.0, 10.0])).exp()
    tensor([ 2.0000, 10.0009])
    """
    near, series, size = _parts(logits / 2)
    at_most_log_two = torch.log1p((-logits.abs()).exp())
    # log 2 cosh(l/2) = |l|/2 + log(1 + exp −|l|); far out |l|/2 cancels, and so is not added.
    return at_most_log_two + torch.where(
        near, logits.abs() / 2 - series, -(-torch.expm1(-size) / size).log()
    )


def _parts(h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where |h| is small, log(sinh(h)/h) there, and 2|h| elsewhere.

    The branch not taken gets a harmless argument: its derivative could be NaN, and so is 0 · NaN.
    """
    near = h.abs() < NEAR
    square = torch.where(near, h, 0).square()
    series = torch.zeros_like(h)
    for coefficient in reversed(SERIES):
        series = (series + coefficient) * square
    return near, series, 2 * torch.where(near, 1, h).abs()


def mean(logits: Tensor) -> Tensor:
    """E[x] = A'(l) = ½ + ½ (coth h − 1/h), h = l/2, in (0, 1): not λ, but on its side of ½.

    Examples
    --------
    >>> mean(torch.tensor([0.0, 10.0]))
    tensor([0.5000, 0.9000])
    """
    h = logits / 2
    near = h.abs() < NEAR
    small, far = torch.where(near, h, 0), torch.where(near, 1, h)
    series = torch.zeros_like(h)
    for n, coefficient in reversed(list(enumerate(SERIES, start=1))):
        series = series * small.square() + 2 * n * coefficient
    return 0.5 + 0.5 * torch.where(near, series * small, 1 / far.tanh() - 1 / far)


def variance(logits: Tensor) -> Tensor:
    """Var[x] = A''(l) = ¼ (1/h² − 1/sinh² h), h = l/2; 1/12 at l = 0."""
    h = logits / 2
    near = h.abs() < NEAR
    square, far = torch.where(near, h, 0).square(), torch.where(near, 1, h).abs()
    series = torch.zeros_like(h)
    for n, coefficient in reversed(list(enumerate(SERIES, start=1))):
        series = series * square + 2 * n * (2 * n - 1) * coefficient
    # 1/sinh² h in powers of exp(−2h), which cannot overflow.
    sinh_inverse = 2 * (-far).exp() / -torch.expm1(-2 * far)
    return 0.25 * torch.where(near, series, far.square().reciprocal() - sinh_inverse.square())


def quantile(uniform: Tensor, logits: Tensor) -> Tensor:
    """F⁻¹(u) = log(1 + u (exp l − 1)) / l, and u at l = 0.

    With −|l| in the place of l, and the interval turned round where l > 0: nothing overflows.
    """
    positive = logits > 0
    below = -logits.abs()
    safe = torch.where(below == 0, -1, below)
    turned = torch.where(positive, 1 - uniform, uniform)
    x = torch.where(below == 0, turned, torch.log1p(turned * torch.expm1(safe)) / safe)
    return torch.where(positive, 1 - x, x).clamp(0, 1)


def logits_of_mean(means: Tensor, *, steps: int = 60) -> Tensor:
    """The logits under which E[x] is `means`, each in (0, 1): `mean` inverted by bisection.

    Examples
    --------
    >>> mean(logits_of_mean(torch.tensor([0.02, 0.5])))
    tensor([0.0200, 0.5000])
    """
    # E[x] > 1 − 1/l for l > 0, and the mirror image below: no root lies further out.
    furthest = 1 / torch.minimum(means, 1 - means).double()
    low, high = -furthest, furthest
    for _ in range(steps):
        middle = (low + high) / 2
        too_low = mean(middle) < means
        low, high = torch.where(too_low, middle, low), torch.where(too_low, high, middle)
    return ((low + high) / 2).to(means.dtype)


class ContinuousBernoulli(dist.TorchDistribution):
    """The continuous Bernoulli for Pyro, with the same arithmetic as the likelihood by hand.

    torch's own clamps probabilities, and so scores logits beyond about 16 otherwise in float32.

    Parameters
    ----------
    logits
        l, any shape.
    normalised
        False leaves log C out of `log_prob`, which then is no density.
    """

    arg_constraints = {"logits": dist.constraints.real}  # noqa: RUF012
    support = dist.constraints.unit_interval
    has_rsample = True

    def __init__(self, logits: Tensor, *, normalised: bool = True) -> None:
        self.logits = logits
        self.normalised = normalised
        super().__init__(logits.shape, validate_args=False)

    @property
    def mean(self) -> Tensor:
        """E[x]."""
        return mean(self.logits)

    @property
    def variance(self) -> Tensor:
        """Var[x]."""
        return variance(self.logits)

    def expand(
        self, batch_shape: torch.Size, _instance: object | None = None
    ) -> "ContinuousBernoulli":
        """The same distribution, repeated."""
        return ContinuousBernoulli(self.logits.expand(batch_shape), normalised=self.normalised)

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        """Draws by the quantile function, through which gradients pass."""
        shape = torch.Size(sample_shape) + self.logits.shape
        uniform = torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device)
        return quantile(uniform, self.logits)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(x | l) in nats, elementwise."""
        cross_entropy = value * self.logits - torch.nn.functional.softplus(
            self.logits, threshold=50
        )
        return cross_entropy + log_normaliser(self.logits) if self.normalised else cross_entropy


def _log_prob(x: Tensor, parameters: Parameters) -> Tensor:
    """Σ_d x_d l_d − A(l_d), which is Σ_d log C(λ_d) + x_d log λ_d + (1 − x_d) log(1 − λ_d)."""
    (logits,) = parameters
    h = logits / 2
    log_integral = h + log_sinh_ratio(h)
    if logits.shape == x.shape:
        return (x * logits - log_integral).sum(-1)
    return dot(x, logits) - log_integral.sum(-1)


def _mean(parameters: Parameters) -> Tensor:
    return mean(parameters[0])


def _draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    (logits,) = parameters
    uniform = torch.rand(
        logits.shape, generator=generator, dtype=logits.dtype, device=logits.device
    )
    return quantile(uniform, logits)


def _distribution(parameters: Parameters) -> TorchDistributionMixin:
    return ContinuousBernoulli(parameters[0]).to_event(1)


def _unnormalised(parameters: Parameters) -> TorchDistributionMixin:
    return ContinuousBernoulli(parameters[0], normalised=False).to_event(1)


def _start(X: Tensor) -> tuple[Tensor, None]:
    """The logits whose mean is the mean image, clipped to [0.01, 0.99].

    A mean of m near 0 needs a logit of −1/m: less clipped than this, one bright pixel where the
    mean image is dark would cost hundreds of nats at the start.
    """
    return logits_of_mean(X.mean(0).clamp(0.01, 0.99)), None


CONTINUOUS_BERNOULLI = Likelihood(
    name="continuous-bernoulli",
    description="continuous Bernoulli density of grey pixels",
    kind="density",
    learned_scale=False,
    log_prob=_log_prob,
    mean=_mean,
    draw=_draw,
    distribution=_distribution,
    check_training=check_unit_interval,
    check_scoring=check_unit_interval,
    redraw=None,
    start=_start,
)
"""p(x | z) = Π_d C(λ_d) λ_d^x_d (1 − λ_d)^(1 − x_d), on [0, 1]."""

CONTINUOUS_BERNOULLI_UNNORMALISED = Likelihood(
    name="continuous-bernoulli-unnormalised",
    description="continuous Bernoulli without its normaliser: to show its effect, not a density",
    kind="none",
    learned_scale=False,
    log_prob=bernoulli.log_prob,
    mean=_mean,
    draw=_draw,
    distribution=_unnormalised,
    check_training=check_unit_interval,
    check_scoring=check_unit_interval,
    redraw=None,
    start=_start,
)
"""Trained as `bernoulli-grey` is; its means and draws are those of the density that it forgets."""
