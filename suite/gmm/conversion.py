"""Mixtures to and from scikit-learn's own class."""

from copy import copy
from typing import Any, ClassVar, Self, cast

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted

from suite.errors import InputError
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters

_NEAREST = {"tied_diag": "tied", "tied_spherical": "tied"}
"""The types that scikit-learn lacks, and the one of its own that holds all of their mixtures."""

_SPREADS = ("covariances_", "precisions_", "precisions_cholesky_")
_PROGRESS = ("converged_", "n_iter_", "lower_bound_", "lower_bounds_")
_FEATURES = ("n_features_in_", "feature_names_in_")


class MixtureConversion:
    """`to_sklearn` and `from_sklearn` for an estimator with scikit-learn's names.

    `_shared_settings` are the constructor parameters, beside the number of components and the
    covariance type, that mean the same to the estimator and to scikit-learn.
    """

    _shared_settings: ClassVar[tuple[str, ...]] = (
        "reg_covar",
        "n_init",
        "init_params",
        "random_state",
    )

    def to_sklearn(self) -> GaussianMixture:
        """The same mixture as a fitted `sklearn.mixture.GaussianMixture`.

        Densities and assignments agree to rounding. A tied diagonal or tied spherical covariance
        becomes the tied matrix that equals it; `aic`, `bic` and further fitting there know no
        better than that all of it is free.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        """
        check_is_fitted(self)
        mine = cast(Any, self)
        kind = _NEAREST.get(mine.covariance_type, mine.covariance_type)
        settings = {name: getattr(mine, name) for name in self._shared_settings}
        theirs = GaussianMixture(mine.n_components, covariance_type=kind, **settings)
        _copy(("weights_", "means_", *_SPREADS, *_PROGRESS, *_FEATURES), mine, theirs)
        if kind != mine.covariance_type:
            identity = np.eye(mine.means_.shape[1], dtype=mine.means_.dtype)
            for name in (*_SPREADS, "precisions_init"):
                if getattr(theirs, name) is not None:  # one variance, or one for each feature
                    setattr(theirs, name, getattr(theirs, name) * identity)
        return theirs

    @classmethod
    def from_sklearn(cls, fitted: GaussianMixture) -> Self:
        """This estimator with what a fitted `sklearn.mixture.GaussianMixture` has learned.

        Densities and assignments agree to rounding.

        Raises
        ------
        InputError
            If it is not such a mixture.
        NotFittedError
            If it has not been fitted.
        """
        if not isinstance(fitted, GaussianMixture):
            raise InputError(
                "expected a sklearn.mixture.GaussianMixture, got "
                f"{type(fitted).__name__}; only that class has the same parameters."
            )
        check_is_fitted(fitted)
        settings = {name: getattr(fitted, name) for name in cls._shared_settings}
        mine = cast(Any, cls)(
            fitted.n_components, covariance_type=fitted.covariance_type, **settings
        )
        parameters = MixtureParameters.from_estimator(fitted)
        ascent = Ascent(parameters, list(fitted.lower_bounds_), fitted.converged_)
        mine._learn(ascent, fitted.means_.dtype)
        _copy(_FEATURES, fitted, mine)
        return cast(Self, mine)


def _copy(names: tuple[str, ...], source: object, target: object) -> None:
    for name in names:
        if hasattr(source, name):
            setattr(target, name, copy(getattr(source, name)))
