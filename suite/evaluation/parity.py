"""Whether implementations compute the same thing: their own figures against a reference.

Two programs can be compared in time, or in how high they climb, if at the same parameters they see
the same height and the same slope. Here an estimator is put at given parameters and its own code is
asked for them; the reference is the exact density (`suite.gmm.MixtureParameters`) or the bound with
its divergence by `torch.distributions`, and torch's autograd gradient of either, in float64.

What is asked for, and which way, is in `suite.evaluation.parity_mixture` and
`suite.evaluation.parity_vae`. A plain autoencoder is another model, with neither a likelihood nor a
bound, and takes no part.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Outcome = Literal["agrees", "differs", "not available"]

LARGEST_TOLERANCE = 0.01
"""Where rounding alone may amount to more than this, nothing can be said."""

QUANTILE = 4.0
"""λ of the probabilistic bound λ √n ε on the rounding error of a sum of n terms.

Rounding errors of random signs exceed it with a probability of at most 2 exp(−λ²/2) < 0.1%
(Higham and Mary, 2019, theorem 2.4); their bound is in half units of ε, which leaves a factor of
two.
"""


@dataclass(frozen=True)
class Agreement:
    """One quantity of one estimator, held against the reference.

    Parameters
    ----------
    quantity
        "log_likelihood", "bound" or "gradient" of a mixture; "elbo", "distortion", "rate" or
        "gradient" of a VAE.
    outcome
        Whether the difference is within the tolerance; "not available" if there is nothing to
        compare.
    difference
        Largest absolute difference of any entry over the largest absolute entry of the reference,
        or over 1 where that is larger; of a VAE's distortion and rate, over the whole bound. NaN if
        there is none or a value was not finite.
    tolerance
        What rounding alone may amount to, by the precision and the conditioning.
    how
        Which way the estimator's figure was got.
    message
        Why there is none, or what is wrong with it.
    """

    quantity: str
    outcome: Outcome
    difference: float
    tolerance: float
    how: str
    message: str = ""


def agreement(
    quantity: str,
    found: ArrayLike,
    reference: ArrayLike,
    *,
    tolerance: float,
    how: str,
    least_scale: float = 1.0,
) -> Agreement:
    """Hold `found` against `reference`, two arrays of one shape.

    Parameters
    ----------
    quantity, tolerance, how
        As of `Agreement`.
    least_scale
        What the difference is relative to where no entry of the reference is larger.

    Examples
    --------
    >>> agreement("bound", -2.0, -2.0, tolerance=1e-9, how="fit").outcome
    'agrees'
    >>> agreement("bound", -2.02, -2.0, tolerance=1e-9, how="fit").outcome
    'differs'
    """
    ours, exact = np.asarray(found, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if ours.shape != exact.shape:
        shapes = f"expected the shape {exact.shape}, got {ours.shape}"
        return Agreement(quantity, "differs", math.nan, tolerance, how, shapes)
    if not np.isfinite(ours).all():
        return Agreement(quantity, "differs", math.nan, tolerance, how, "not finite")
    if not np.isfinite(exact).all():
        return not_available(quantity, "the reference is not finite at this point")
    scale = max(least_scale, float(np.abs(exact).max(initial=0.0)))
    difference = float(np.abs(ours - exact).max(initial=0.0)) / scale
    if tolerance > LARGEST_TOLERANCE and difference <= tolerance:
        coarse = f"rounding alone may amount to {tolerance:.1g}, more than {LARGEST_TOLERANCE:g}"
        return Agreement(quantity, "not available", difference, tolerance, how, coarse)
    outcome: Outcome = "agrees" if difference <= tolerance else "differs"
    return Agreement(quantity, outcome, difference, tolerance, how)


def not_available(quantity: str, why: str) -> Agreement:
    """A quantity that this estimator does not tell."""
    return Agreement(quantity, "not available", math.nan, math.nan, "", why)


def rounding_unit(estimator: object, *, unsaid: str = "float64") -> float:
    """ε of the precision that an estimator says it computes in; that of `unsaid` if it says none.

    Examples
    --------
    >>> rounding_unit(object()) < 3e-16
    True
    """
    dtype = getattr(estimator, "dtype", unsaid)
    return float(np.finfo("float32" if str(dtype).endswith("float32") else "float64").eps)
