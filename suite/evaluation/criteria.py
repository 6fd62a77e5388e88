"""Information criteria of a Gaussian mixture, from its parameters alone.

NumPy, in float64, apart from every estimator's own code. All are totals over the rows and in
scikit-learn's sign: lower is better. R's mclust prints BIC and ICL with the opposite sign.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from suite.gmm.parameters import MixtureParameters


@dataclass(frozen=True)
class InformationCriteria:
    """How well a mixture explains N rows, less a price for its p free parameters.

    With L = Σ_n log p(x_n), in nats, and ẑ_n the most probable component of row n:

        AIC = −2 L + 2 p                                  (Akaike, 1974)
        BIC = −2 L + p log N                              (Schwarz, 1978)
        ICL = BIC − 2 Σ_n log p(z = ẑ_n | x_n)            (Biernacki, Celeux and Govaert, 2000)

    ICL takes the assignment ẑ, as its authors and mclust do, and is never below BIC.

    Parameters
    ----------
    total_log_likelihood
        L.
    n_parameters
        p: the degrees of freedom.
    n_rows
        N.
    aic, bic, icl
        As above; twice a total in nats.
    """

    total_log_likelihood: float
    n_parameters: int
    n_rows: int
    aic: float
    bic: float
    icl: float


def information_criteria(parameters: MixtureParameters, X: ArrayLike) -> InformationCriteria:
    """AIC, BIC and ICL of a mixture on the rows X that it was fitted to, shape (N, D).

    Parameters
    ----------
    parameters
        The mixture.
    X
        The rows.

    Examples
    --------
    >>> standard = MixtureParameters([1.0], [[0.0]], [1.0], "spherical")
    >>> criteria = information_criteria(standard, [[-1.0], [0.0], [1.0]])
    >>> criteria.n_parameters, round(criteria.bic, 3), criteria.icl == criteria.bic
    (2, 9.711, True)
    """
    log_joint = parameters.log_joint(X)
    log_prob = np.logaddexp.reduce(log_joint, axis=1)
    total, n_rows, price = float(log_prob.sum()), len(log_prob), parameters.n_parameters
    completed = float(log_joint.max(axis=1).sum())  # Σ_n log p(x_n, ẑ_n)
    return InformationCriteria(
        total_log_likelihood=total,
        n_parameters=price,
        n_rows=n_rows,
        aic=-2 * total + 2 * price,
        bic=-2 * total + price * float(np.log(n_rows)),
        icl=-2 * completed + price * float(np.log(n_rows)),
    )
