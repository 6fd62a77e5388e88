"""What every data set looks like once loaded, wherever it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from suite.gmm import MixtureParameters

Origin = Literal["bundled", "folder", "cache", "download", "package", "file", "simulated"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split into training and held-out rows; N and M rows of D features.

    Parameters
    ----------
    name
        What a study file calls it.
    train, test
        Arrays of shapes (N, D) and (M, D). Tables are float64 in the units of their source; images
        are float32 in [0, 1], one flattened image a row. M is 0 if nothing was held out.
    feature_names
        D names.
    train_labels, test_labels
        int64 codes into `label_names`, of shapes (N,) and (M,); None where there are no labels.
        No estimator sees them.
    label_names
        One name a class; empty where there are no labels.
    image_shape
        (height, width) if each row is a picture, else None.
    truth
        The mixture that the rows were drawn from, if they were simulated, else None.
    source
        Whom to cite.
    licence
        The terms on which the data may be used.
    origin
        Which of the places that are searched the data came from.
    origin_detail
        The same as a sentence, with file names but no folders, so that a report may print it.
    log_scale
        What a log-density of these rows, in nats, exceeds that of the rows as they came by: not 0
        only where columns were standardised (`suite.data.standardising`).
    notes
        What was done to the data ("dropped 3 constant columns: …") or should be known of it.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    feature_names: tuple[str, ...]
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    image_shape: tuple[int, ...] | None = None
    truth: MixtureParameters | None = None
    source: str = ""
    licence: str = ""
    origin: Origin = "file"
    origin_detail: str = ""
    log_scale: float = 0.0
    notes: tuple[str, ...] = ()

    def content_hash(self) -> str:
        """SHA-256, in hexadecimal, over the rows, the labels, the names of both and the scale.

        Two data sets of equal hash give every estimator the same input; neither `origin` nor
        `notes` takes part.
        """
        digest = hashlib.sha256()
        for names in ((self.name,), self.feature_names, self.label_names):
            digest.update(repr(tuple(map(str, names))).encode())
        for array in (self.train, self.test, self.train_labels, self.test_labels):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        if self.log_scale:
            digest.update(self.log_scale.hex().encode())
        return digest.hexdigest()


def pixel_names(image_shape: tuple[int, ...]) -> tuple[str, ...]:
    """Feature names of flattened images, as scikit-learn's digits have them.

    Examples
    --------
    >>> pixel_names((2, 2))
    ('pixel_0_0', 'pixel_0_1', 'pixel_1_0', 'pixel_1_1')
    """
    height, width = image_shape
    return tuple(f"pixel_{row}_{column}" for row in range(height) for column in range(width))
