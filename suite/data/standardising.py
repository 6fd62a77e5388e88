"""Columns brought to one scale, with what is needed to report on the scale that they came on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suite.data.checks import listing
from suite.data.dataset import Dataset
from suite.errors import InputError


def standardised(dataset: Dataset) -> Dataset:
    """`dataset` with z = (x − m) / s in each column, m and s being those of the training rows.

    Densities change by the Jacobian,

        log p_x(x) = log p_z(z) − Σ_d log s_d,

    whose sum is kept as `Dataset.log_scale`: subtract it from a log-density in nats of the rows
    here to have that of the rows as given.

    Raises
    ------
    InputError
        If a column has one value in all training rows, or the rows are images.

    Examples
    --------
    >>> rows = np.array([[0.0, 10.0], [2.0, 30.0]])
    >>> scaled = standardised(Dataset("d", rows, rows[:0], ("a", "b")))
    >>> scaled.train.tolist(), round(scaled.log_scale, 4)
    ([[-1.0, -1.0], [1.0, 1.0]], 2.3026)
    """
    if dataset.image_shape is not None:
        raise InputError(
            f"expected a table to standardise, but the rows of {dataset.name!r} are images; leave "
            "standardise out."
        )
    means, deviations = dataset.train.mean(axis=0), dataset.train.std(axis=0)
    # Rounding leaves a trace of spread in a column of one value, relative to its size.
    flat = deviations <= 1e-12 * np.maximum(1.0, np.abs(means))
    if flat.any():
        names = [n for n, one in zip(dataset.feature_names, flat, strict=True) if one]
        raise InputError(
            f"expected columns with more than one value to standardise, but all training rows of "
            f"{dataset.name!r} have one in {listing(names)}; remove it, or set drop_constant."
        )
    note = "each column standardised to mean 0 and standard deviation 1 of the training rows"
    return replace(
        dataset,
        train=(dataset.train - means) / deviations,
        test=(dataset.test - means) / deviations,
        log_scale=float(np.log(deviations).sum()),
        notes=(*dataset.notes, f"{note}; densities are reported on the scale of the file"),
    )
