"""Of what a VAE's score is a log probability: scores of different things share no axis or column.

A Bernoulli on bits gives a probability, a Gaussian on grey pixels a density, and a Bernoulli on
grey pixels neither. `suite.vae.LIKELIHOODS` says which is which; it is written down here once more
so that a report is made without PyTorch, and a test holds the two together.
"""

from typing import Literal

Kind = Literal["bits", "density", "none"]

KINDS: dict[str, Kind] = {
    "bernoulli": "bits",
    "bernoulli-grey": "none",
    "continuous-bernoulli": "density",
    "continuous-bernoulli-unnormalised": "none",
    "gaussian": "density",
    "laplace": "density",
}
"""By the name of a likelihood, of what its scores are log probabilities."""

DEFAULT_LIKELIHOOD = "bernoulli"
"""What an estimator takes whose settings name none."""

_SHARED = ("rate", "mutual_information", "marginal_divergence", "aggregated_monte_carlo_error")
"""Metrics in nats that are of codes, not of data: they mean the same under every likelihood."""

_WORDS = {"bits": "probability of bits", "density": "density of grey pixels"}


def scale_of(likelihood: str) -> str:
    """What the scores of a likelihood compare within: "bits", "density", or its own name.

    A score that is no log probability compares with those by the same formula only.

    Examples
    --------
    >>> scale_of("gaussian"), scale_of("bernoulli-grey"), scale_of("")
    ('density', 'bernoulli-grey', 'bits')
    """
    name = likelihood or DEFAULT_LIKELIHOOD
    kind = KINDS.get(name, "none")
    return name if kind == "none" else kind


def scale_words(scale: str) -> str:
    """What the scores of a scale are, in a few words.

    Examples
    --------
    >>> scale_words("bits"), scale_words("bernoulli-grey")
    ('probability of bits', 'bernoulli-grey, no density')
    """
    return _WORDS.get(scale, f"{scale}, no density")


def has_scale(metric: str, unit: str) -> bool:
    """Whether a metric's value depends on what p(x | z) is a density of.

    Examples
    --------
    >>> has_scale("elbo", "nats per datum"), has_scale("rate", "nats per datum")
    (True, False)
    """
    return unit == "nats per datum" and metric not in _SHARED
