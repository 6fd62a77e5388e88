"""What the estimator beside this file needs; it stands for the rest of somebody's own code."""

import numpy as np


def assigned(responsibilities):
    """Each row wholly to its most probable component: zeros and ones, (N, K)."""
    return np.eye(responsibilities.shape[1])[responsibilities.argmax(axis=1)]
