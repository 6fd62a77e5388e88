"""One pass over the rows: E-step and the M-step's sums, block by block, without an N × K table."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from suite.gmm.coordinates import Coordinates
from suite.gmm.feature_blocks import FeatureBlocks, FeaturePart, Features
from suite.gmm.rows import Rows

_LEAST_EXPONENT = {8: -650.0, 4: -80.0}  # by size of number: denormal numbers are slow

Shape = tuple[int, ...]


def expect(
    blocks: FeatureBlocks, thetas: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The E-step at Θ, and the sums that the M-step needs.

    Parameters
    ----------
    blocks
        The rows.
    thetas
        Θ of groups of mixtures, each of shape (S, K, M); S and K may differ from group to group.

    Returns
    -------
    For each group

    sums
        S = Σ_n w_n r_n T(y_n)ᵀ, shape (S, K, M).
    log_likelihoods
        Σ_n w_n log Σ_k exp(Θ_k · T(y_n)), shape (S,).
    """
    shapes = [theta.shape for theta in thetas]
    columns = np.concatenate([theta.reshape(-1, theta.shape[-1]) for theta in thetas])
    found = blocks.map(lambda part: _expect_part(part, columns, shapes))
    if len(found) == len(shapes) == 1:  # most often, and there every microsecond counts
        (whole, (total,)) = found[0]
        return [(whole.reshape(shapes[0]), total)]
    sums = sum((part for part, _ in found), np.zeros(columns.shape))
    totals = [
        sum(parts, np.zeros_like(parts[0])) for parts in zip(*(t for _, t in found), strict=True)
    ]
    ends = np.cumsum([shape[0] * shape[1] for shape in shapes])[:-1]
    parts = zip(np.split(sums, ends), shapes, strict=True)
    return list(zip((part.reshape(shape) for part, shape in parts), totals, strict=True))


def _expect_part(
    part: FeaturePart, columns: np.ndarray, shapes: Sequence[Shape]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The sums, (J, M), and the log-likelihoods, (S,) for each group, of some of the rows."""
    sums, totals = np.zeros(columns.shape), [np.zeros(shape[0]) for shape in shapes]
    on_device = None
    if not part.is_small:
        on_device = torch.from_numpy(columns).to(part.device, part.dtype)
    for T, weights in part:
        if on_device is None:
            own, found = _small_block(T, weights, columns, shapes)
        else:
            own, found = _block(T, weights, on_device, shapes, part.table)
        sums += own
        for total, more in zip(totals, found, strict=True):
            total += more
    return sums, totals


def label_sums(
    rows: Rows, labels: np.ndarray, n_components: int, coordinates: Coordinates
) -> np.ndarray:
    """The sums S of an M-step, shape (1, K, M), where each row belongs to one component.

    Parameters
    ----------
    rows
        (N, D)
    labels
        (N,), integers below K.
    n_components
        K.
    coordinates
        What T is computed in.
    """
    blocks = FeatureBlocks(rows, Features(coordinates, n_components))
    sums: Tensor | float = 0.0
    begin = 0
    for T, weights in blocks:
        own = torch.from_numpy(labels[begin : begin + T.shape[1]].astype(np.int64))
        begin += T.shape[1]
        member = torch.nn.functional.one_hot(own, n_components).T.to(T.dtype)
        sums = sums + (member if weights is None else member * weights) @ T.T
    assert isinstance(sums, Tensor)
    return sums.numpy()[np.newaxis]


def _block(
    T: Tensor, weights: Tensor | None, columns: Tensor, shapes: Sequence[Shape], table: Tensor
) -> tuple[np.ndarray, list[np.ndarray]]:
    """One block's sums, (J, M), and weighted log-likelihoods, (S,) for each group."""
    table = torch.mm(columns, T, out=table[: len(columns), : T.shape[1]])
    rows = table.split([shape[0] * shape[1] for shape in shapes])
    totals = [
        _softmax(joint.unflatten(0, shape[:2]), weights)
        for joint, shape in zip(rows, shapes, strict=True)
    ]
    return (table @ T.T).cpu().numpy(), totals


def _softmax(joint: Tensor, weights: Tensor | None) -> np.ndarray:
    """Turn log-joints, (S, K, n), into weighted responsibilities in place; Σ_n w_n log p(x_n)."""
    peak = joint.amax(1, keepdim=True)
    mass = joint.sub_(peak).clamp_(min=_LEAST_EXPONENT[joint.itemsize]).exp_().sum(1, keepdim=True)
    log_prob = mass.log().add_(peak)
    if weights is None:
        joint.mul_(mass.reciprocal_())
    else:
        log_prob.mul_(weights)
        joint.mul_(weights / mass)
    total: np.ndarray = log_prob.sum((1, 2)).double().cpu().numpy()
    return total


def _small_block(
    T: Tensor, weights: Tensor | None, columns: np.ndarray, shapes: Sequence[Shape]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The same in NumPy, whose calls take less time to begin: all that counts on a small table."""
    features = T.numpy()
    table = columns.astype(features.dtype, copy=False) @ features
    row_weights = None if weights is None else weights.numpy()
    totals, begin = [], 0
    for shape in shapes:
        end = begin + shape[0] * shape[1]
        totals.append(_small_softmax(table[begin:end].reshape(*shape[:2], -1), row_weights))
        begin = end
    return table @ features.T, totals


def _small_softmax(joint: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    peak = joint.max(1, keepdims=True)
    joint -= peak
    np.maximum(joint, _LEAST_EXPONENT[joint.itemsize], out=joint)
    np.exp(joint, out=joint)
    mass = joint.sum(1, keepdims=True)
    log_prob = np.log(mass) + peak
    if weights is None:
        joint /= mass
    else:
        log_prob *= weights
        joint *= weights / mass
    total: np.ndarray = log_prob.sum((1, 2), dtype=np.float64)
    return total
