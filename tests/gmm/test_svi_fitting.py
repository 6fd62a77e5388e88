"""`SVIGaussianMixture`: weights, minibatches, order, units and conversion, for every inference."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.mixture import GaussianMixture

from suite.data import load
from suite.errors import InputError
from suite.gmm import (
    EMGaussianMixture,
    MixtureParameters,
    MixturePrior,
    SVIGaussianMixture,
    initial_parameters,
)
from suite.gmm.settling import MinibatchSettling, WholeSettling
from suite.progress import Progress
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

INFERENCES = ("mle", "map", "vb")


# Weights


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("inference", INFERENCES)
def test_integer_weights_are_repeated_rows(inference: str, kind: str) -> None:
    start = random_mixture(0, 2, 2, kind)
    X = rows_from(start, 45)
    times = np.arange(45) % 4
    options = {
        "covariance_type": kind,
        "inference": inference,
        "initial": start,
        "max_iter": 15,
        "random_state": 0,
        "n_particles": 4,
    }
    weighted = SVIGaussianMixture(2, **options).fit(X, sample_weight=times)
    repeated = SVIGaussianMixture(2, **options).fit(np.repeat(X, times, axis=0))
    np.testing.assert_allclose(weighted.lower_bounds_, repeated.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-7, atol=1e-9)
    unweighted = SVIGaussianMixture(2, **options).fit(X)
    assert np.abs(unweighted.means_ - weighted.means_).max() > 1e-4
    assert "_given_weight" not in vars(weighted)


# Minibatches


@pytest.mark.parametrize("inference", INFERENCES)
def test_minibatches_reach_the_same_objective(inference: str) -> None:
    X = load("acidity", test_size=0).train
    start = initial_parameters(X, 2, covariance_type="spherical", random_state=0)
    options = {
        "covariance_type": "spherical",
        "inference": inference,
        "initial": start,
        "random_state": 0,
        "learning_rate": 0.02,
        "n_particles": 4,
    }
    whole = SVIGaussianMixture(2, **options).fit(X)
    parts = SVIGaussianMixture(2, batch_size=52, **options).fit(X)
    assert parts.converged_
    assert parts.lower_bound_ == pytest.approx(whole.lower_bound_, abs=0.01)  # the promise
    assert parts.score(X) == pytest.approx(whole.score(X), abs=0.01)
    assert parts.n_iter_ < 400


def test_a_batch_of_all_rows_is_no_batch() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 30)
    options = {"random_state": 0, "max_iter": 5}
    whole = SVIGaussianMixture(2, **options).fit(X)
    same = SVIGaussianMixture(2, batch_size=30, **options).fit(X)
    np.testing.assert_array_equal(whole.means_, same.means_)


def test_an_amortised_guide_learns_from_minibatches() -> None:
    X = load("acidity", test_size=0).train
    start = initial_parameters(X, 2, random_state=0)
    fitted = SVIGaussianMixture(
        2,
        initial=start,
        posterior="amortised",
        guide_hidden_dims=(4,),
        batch_size=31,
        max_iter=40,
        random_state=0,
    ).fit(X)
    reached = EMGaussianMixture(2, initial=start, tol=1e-9, max_iter=1000).fit(X).score(X)
    assert reached - 0.05 < fitted.lower_bound_ < reached


def test_rules_halve_and_stop_as_stated() -> None:
    parts = MinibatchSettling(1e-3)
    # The first pass gains; then each fifth without a gain halves, and the seventh of these ends it.
    asked = [parts.note(-1.0) for _ in range(36)]
    assert [i for i, halved in enumerate(asked) if halved] == [5, 10, 15, 20, 25, 30, 35]
    assert parts.converged
    parts = MinibatchSettling(1e-3)
    assert not any(parts.note(-1.0 / (i + 1)) for i in range(25))
    held = MinibatchSettling(1e-3, held=10)
    assert not any(held.note(-1.0) for _ in range(15))
    whole = WholeSettling(1e-3)
    zigzag = [whole.note(-1.0 + 0.1 * (i % 2)) for i in range(50)]
    assert [i for i, halved in enumerate(zigzag) if halved] == [24, 49]
    assert not whole.converged


# Order and conversion


@pytest.mark.parametrize("inference", INFERENCES)
def test_order_is_canonical_unless_a_start_gives_it(inference: str) -> None:
    truth = random_mixture(0, 3, 2, "full")
    X = rows_from(truth, 90)
    start = truth.permuted(np.argsort(-truth.means[:, 0]))
    options = {"inference": inference, "max_iter": 10, "random_state": 0}
    as_given = SVIGaussianMixture(3, initial=start, **options).fit(X)
    sorted_ = SVIGaussianMixture(3, initial=start, order="canonical", **options).fit(X)
    assert (np.diff(as_given.means_[:, 0]) < 0).all()
    np.testing.assert_array_equal(sorted_.means_, as_given.means_[::-1])
    np.testing.assert_array_equal(sorted_.covariances_, as_given.covariances_[::-1])
    own = SVIGaussianMixture(3, **options).fit(X)
    assert (np.diff(own.means_[:, 0]) > 0).all()
    left = SVIGaussianMixture(3, order="start", **options).fit(X)
    assert sorted(left.means_[:, 0]) == own.means_[:, 0].tolist()


def test_an_amortised_guide_is_put_in_order_too() -> None:
    truth = random_mixture(0, 3, 2, "full")
    X = rows_from(truth, 60)
    start = truth.permuted(np.argsort(-truth.means[:, 0]))
    options = {"posterior": "amortised", "initial": start, "max_iter": 5, "random_state": 0}
    as_given = SVIGaussianMixture(3, **options).fit(X)
    in_order = SVIGaussianMixture(3, order="canonical", **options).fit(X)
    np.testing.assert_allclose(
        in_order.guide_proba(X), as_given.guide_proba(X)[:, ::-1], rtol=1e-12
    )


@pytest.mark.parametrize("inference", INFERENCES)
def test_converts_to_scikit_learn_and_back(inference: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 60)
    fitted = SVIGaussianMixture(2, inference=inference, max_iter=20, random_state=0).fit(X)
    theirs = fitted.to_sklearn()
    assert type(theirs) is GaussianMixture
    np.testing.assert_allclose(theirs.score_samples(X), fitted.score_samples(X), rtol=1e-10)
    back = SVIGaussianMixture.from_sklearn(theirs)
    np.testing.assert_allclose(back.score_samples(X), fitted.score_samples(X), rtol=1e-10)
    assert back.guide_ is None
    assert back.prior_ is None


# Equivariance


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("inference", INFERENCES)
def test_the_way_does_not_depend_on_units_and_origin(inference: str, kind: str) -> None:
    start = random_mixture(0, 2, 2, kind)
    X = rows_from(start, 40)
    units = np.array([8.0, 8.0] if "spherical" in kind else [32.0, 0.25])  # exact in binary
    factor = {
        "full": np.outer(units, units),
        "tied": np.outer(units, units),
        "diag": units**2,
        "tied_diag": units**2,
    }.get(kind, 64.0)
    offset = np.array([3.0, -1.0])
    there = MixtureParameters(
        start.weights, start.means * units + offset, start.covariances * factor, kind
    )
    options = {
        "covariance_type": kind,
        "inference": inference,
        "reg_covar": 0.0,
        "max_iter": 12,
        "n_particles": 4,
        "random_state": 0,
    }
    one = SVIGaussianMixture(2, initial=start, **options).fit(X)
    other = SVIGaussianMixture(2, initial=there, **options).fit(X * units + offset)
    np.testing.assert_allclose(other.means_, one.means_ * units + offset, rtol=1e-9)
    np.testing.assert_allclose(other.covariances_, one.covariances_ * factor, rtol=1e-9)
    shift = np.subtract(one.lower_bounds_, other.lower_bounds_)
    # Each datum's density is divided by the units; for a posterior so are those of all parameters.
    per_datum = np.log(units).sum()
    if inference == "map":
        n_scales = {"spherical": 1.0, "tied_diag": 1.0, "tied": 1.0, "tied_spherical": 0.5}
        per_datum *= 1 + (2 + n_scales.get(kind, 2.0)) / len(X)
    np.testing.assert_allclose(shift, per_datum, rtol=1e-9)


@pytest.mark.parametrize("kind", TYPES)
def test_the_way_does_not_depend_on_the_order_of_components(kind: str) -> None:
    start = random_mixture(0, 3, 2, kind)
    X, order = rows_from(start, 40), [2, 0, 1]
    options = {"covariance_type": kind, "max_iter": 12}
    one = SVIGaussianMixture(3, initial=start, **options).fit(X)
    other = SVIGaussianMixture(3, initial=start.permuted(order), **options).fit(X)
    np.testing.assert_allclose(other.lower_bounds_, one.lower_bounds_, rtol=1e-12)
    np.testing.assert_allclose(other.means_, one.means_[order], rtol=1e-9)
    np.testing.assert_allclose(other.weights_, one.weights_[order], rtol=1e-9)


# The rest of the contract


@pytest.mark.parametrize("inference", ["map", "vb"])
def test_callback_is_told_the_objective_and_can_stop(inference: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 40)
    seen: list[Progress] = []

    def note(progress: Progress) -> bool:
        seen.append(progress)
        return progress.step == 4

    start = initial_parameters(X, 2, random_state=0)
    fitted = SVIGaussianMixture(2, inference=inference, initial=start).fit(X, callback=note)
    assert [progress.objective for progress in seen] == fitted.lower_bounds_
    assert fitted.n_iter_ == 4
    assert not fitted.converged_
    np.testing.assert_array_equal(seen[-1].state().parameters.means, fitted.means_)
    assert clone(fitted).get_params().keys() == fitted.get_params().keys()


def test_globals_are_left_alone_by_every_inference() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 30)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), np.random.get_state()[2]
    for inference in INFERENCES:
        for batch_size in (None, 10):
            SVIGaussianMixture(
                2, inference=inference, batch_size=batch_size, max_iter=2, random_state=0
            ).fit(X)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])
    assert before[2] == np.random.get_state()[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inference": "mcmc"}, "inference"),
        ({"inference": "vb", "posterior": "amortised"}, "goes with inference='mle'"),
        ({"prior": MixturePrior.for_data([[0.0, 0.0]], 2)}, "maximum likelihood has no prior"),
        ({"inference": "map", "weight_concentration": 0.5}, "weight_concentration"),
        ({"inference": "vb", "n_particles": 3}, "n_particles must be even"),
        ({"batch_size": 0}, "batch_size"),
        ({"order": "sorted"}, "order"),
        (
            {"inference": "map", "prior": MixturePrior.for_data([[0.0]], 2)},
            "prior is for 1 features",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict, message: str) -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 20)
    with pytest.raises(InputError, match=message):
        SVIGaussianMixture(2, random_state=0, **options).fit(X)


def test_weights_and_evidence_are_refused_where_they_have_no_meaning() -> None:
    X = rows_from(random_mixture(0, 2, 2, "full"), 20)
    with pytest.raises(InputError, match="takes no sample_weight"):
        SVIGaussianMixture(2, posterior="amortised").fit(X, sample_weight=np.ones(20))
    fitted = SVIGaussianMixture(2, max_iter=2, random_state=0).fit(X)
    with pytest.raises(InputError, match="only inference='vb' bounds the evidence"):
        fitted.evidence_lower_bound(X)
