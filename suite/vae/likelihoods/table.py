"""Every likelihood by name.

An entry says everything that the estimators, the Pyro model and the evaluation need to know of a
likelihood, so that no other module asks for one by name. A new likelihood is one file beside this
one and one line here.
"""

from suite.errors import InputError
from suite.vae.likelihoods.base import Likelihood
from suite.vae.likelihoods.bernoulli import BERNOULLI, BERNOULLI_GREY
from suite.vae.likelihoods.continuous_bernoulli import (
    CONTINUOUS_BERNOULLI,
    CONTINUOUS_BERNOULLI_UNNORMALISED,
)
from suite.vae.likelihoods.gaussian import GAUSSIAN
from suite.vae.likelihoods.laplace import LAPLACE

_ENTRIES = (
    BERNOULLI,
    BERNOULLI_GREY,
    CONTINUOUS_BERNOULLI,
    CONTINUOUS_BERNOULLI_UNNORMALISED,
    GAUSSIAN,
    LAPLACE,
)

LIKELIHOODS: dict[str, Likelihood] = {entry.name: entry for entry in _ENTRIES}
"""Every likelihood by name."""


def likelihood_named(name: str) -> Likelihood:
    """The likelihood that `name` stands for.

    Raises
    ------
    InputError
        If there is none; the message lists the names.

    Examples
    --------
    >>> likelihood_named("bernoulli-grey").is_density
    False
    """
    if name not in LIKELIHOODS:
        known = ", ".join(map(repr, LIKELIHOODS))
        raise InputError(f"likelihood must be one of {known}, got {name!r}.")
    return LIKELIHOODS[name]
