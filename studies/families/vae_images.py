"""Which images a VAE's pictures show, and how they are kept."""

import numpy as np

N_ORIGINALS = 10


def one_of_each(labels: np.ndarray | None, n: int) -> np.ndarray:
    """Rows to show: the first of each class, class after class, then the first others.

    Examples
    --------
    >>> one_of_each(np.array([1, 1, 0, 1]), 3)
    array([2, 0, 1])
    """
    if labels is None:
        return np.arange(n)
    firsts = np.unique(labels, return_index=True)[1][:n]
    others = np.setdiff1d(np.arange(len(labels)), firsts)
    return np.concatenate([firsts, others[: n - len(firsts)]])


def grey(images: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1] as uint8 from 0 to 255; what lies outside is cut off."""
    return np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
