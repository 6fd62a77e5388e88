"""Holm's correction of many p-values."""

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Corrected p-values: those at most α are wrong about any true hypothesis with chance ≤ α.

    With the m values in ascending order, p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎)
    (Holm, 1979). It holds however the tests depend on each other.

    Parameters
    ----------
    p_values
        (m,), each in [0, 1].

    Returns
    -------
    (m,), in the order given.

    Examples
    --------
    >>> holm(np.array([0.02, 0.01, 0.5]))
    array([0.04, 0.03, 0.5 ])
    """
    p_values = np.asarray(p_values, dtype=float)
    if not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(f"expected p-values in [0, 1], got {p_values}.")
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(m)
    corrected[order] = np.maximum.accumulate(np.minimum(1, (m - np.arange(m)) * p_values[order]))
    return corrected
