"""Published optima of Gaussian mixtures, bundled with the program: who printed which figure."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

COVARIANCE_TYPES = {
    "VVV": "full",
    "EEE": "tied",
    "VVI": "diag",
    "VII": "spherical",
    "EEI": "tied_diag",
    "EII": "tied_spherical",
    "V": "full",
    "E": "tied",
}
"""mclust's names of models: volume, shape and orientation, each equal or varying or the identity;
in one dimension the variance alone."""

_MCLUST = "mclust 6.0.0"


@dataclass(frozen=True)
class PublishedOptimum:
    """One published maximum of a likelihood.

    Parameters
    ----------
    dataset
        The data set's name, as `suite.data.load` knows it.
    n_rows, n_features
        N and D.
    n_components
        K.
    model
        mclust's name of the model, a key of `COVARIANCE_TYPES`.
    total_log_likelihood
        Σ log p(x), in nats, over the rows in the units of the data set.
    n_parameters
        Degrees of freedom; None where the source gives none.
    bic, icl
        In scikit-learn's sign, lower is better; None where the source gives none.
    source
        Who printed it.
    """

    dataset: str
    n_rows: int
    n_features: int
    n_components: int
    model: str
    total_log_likelihood: float
    n_parameters: int | None
    bic: float | None
    icl: float | None
    source: str

    @property
    def covariance_type(self) -> str:
        """The suite's name of the model."""
        return COVARIANCE_TYPES[self.model]


@cache
def published_optima() -> tuple[PublishedOptimum, ...]:
    """Every published optimum: mclust's table, then those of other sources.

    Examples
    --------
    >>> first = published_optima()[0]
    >>> first.dataset, first.model, first.n_components, round(first.total_log_likelihood, 3)
    ('faithful', 'EEE', 1, -1289.797)
    """
    return (*_read("mclust.csv"), *_read("optima.csv"))


def _read(name: str) -> list[PublishedOptimum]:
    with (resources.files("studies") / "builtin" / "published" / name).open() as file:
        frame = pd.read_csv(file, comment="#")
    if "source" not in frame:
        frame["source"] = _MCLUST
    return [
        PublishedOptimum(
            dataset=str(row["dataset"]),
            n_rows=int(row["n"]),
            n_features=int(row["d"]),
            n_components=int(row["components"]),
            model=str(row["model"]),
            total_log_likelihood=float(row["log_likelihood"]),
            n_parameters=None if pd.isna(row["df"]) else int(row["df"]),
            bic=None if pd.isna(row["bic"]) else -float(row["bic"]),
            icl=None if pd.isna(row["icl"]) else -float(row["icl"]),
            source=str(row["source"]),
        )
        for row in frame.to_dict("records")
    ]
