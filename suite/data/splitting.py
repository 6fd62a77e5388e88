"""Which rows are held out, and which are kept when a data set is cut down."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from suite.data.dataset import Dataset
from suite.errors import InputError
from suite.random import RandomState, draw_seed


def split_rows(
    n_rows: int, labels: np.ndarray | None, *, test_size: float, random_state: RandomState
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Row numbers for training and for testing, and what should be noted of the split.

    `ceil(test_size · n_rows)` rows are held out at random, stratified by `labels` where every
    class has rows enough for that; both parts come in random order. With an integer `random_state`
    the split is that of scikit-learn's `train_test_split`.

    Raises
    ------
    InputError
        If `test_size` is outside [0, 1) or leaves no row to train on.
    """
    if isinstance(test_size, bool) or not 0 <= test_size < 1:
        raise InputError(
            f"test_size must be a fraction from 0 up to, but not including, 1, got {test_size!r}."
        )
    rows = np.arange(n_rows)
    n_test = math.ceil(test_size * n_rows)
    if n_test == 0:
        return rows, rows[:0], ()
    if n_test >= n_rows:
        raise InputError(
            f"test_size={test_size} of {n_rows} rows leaves none to train on; "
            "give more rows or a smaller test_size."
        )
    seed = draw_seed(None) if random_state is None else random_state
    stratify = labels
    notes: tuple[str, ...] = ()
    if labels is not None and not _can_stratify(labels, n_test):
        stratify = None
        notes = ("split at random rather than by class: a class has too few rows",)
    train, test = train_test_split(rows, test_size=n_test, random_state=seed, stratify=stratify)
    return train, test, notes


def _can_stratify(labels: np.ndarray, n_test: int) -> bool:
    counts = np.unique(labels, return_counts=True)[1]
    return bool(counts.min() >= 2 and counts.size <= min(n_test, labels.size - n_test))


def stratified_rows(labels: np.ndarray, n_rows: int) -> np.ndarray:
    """`n_rows` row numbers, in order, with the classes in the proportions of `labels`.

    Class c, with N_c of the N rows, gets n_c = n_rows · N_c / N of them, rounded by largest
    remainder; its rows are those at the evenly spaced places ⌊(i + ½) N_c / n_c⌋. No chance is
    involved, so the choice is the same on every machine and for ever.

    Examples
    --------
    >>> stratified_rows(np.array([0, 0, 0, 0, 1, 1]), 3)
    array([1, 3, 5])
    """
    classes, counts = np.unique(labels, return_counts=True)
    exact = n_rows * counts / labels.size
    quotas = np.floor(exact).astype(int)
    by_remainder = np.argsort(-(exact - quotas), kind="stable")
    quotas[by_remainder[: n_rows - quotas.sum()]] += 1
    chosen = []
    for label, count, quota in zip(classes, counts, quotas, strict=True):
        places = ((np.arange(quota) + 0.5) * count / max(quota, 1)).astype(int)
        chosen.append(np.flatnonzero(labels == label)[places])
    return np.sort(np.concatenate(chosen))


def limited(dataset: Dataset, limit: int | None) -> Dataset:
    """`dataset` cut down to at most `limit` training and ⌈limit / 5⌉ test rows, by class.

    Raises
    ------
    InputError
        If `limit` is not a whole number of at least 1.
    """
    if limit is None:
        return dataset
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InputError(f"limit must be a whole number of rows, at least 1, got {limit!r}.")
    train, train_labels = _cut(dataset.train, dataset.train_labels, limit)
    test, test_labels = _cut(dataset.test, dataset.test_labels, math.ceil(limit / 5))
    note = (
        f"limited to {len(train):,} of {len(dataset.train):,} training rows "
        f"and {len(test):,} of {len(dataset.test):,} test rows"
    )
    return replace(
        dataset,
        train=train,
        test=test,
        train_labels=train_labels,
        test_labels=test_labels,
        notes=(*dataset.notes, note),
    )


def _cut(
    rows: np.ndarray, labels: np.ndarray | None, limit: int
) -> tuple[np.ndarray, np.ndarray | None]:
    if len(rows) <= limit:
        return rows, labels
    kept = stratified_rows(np.zeros(len(rows)) if labels is None else labels, limit)
    return rows[kept], None if labels is None else labels[kept]
