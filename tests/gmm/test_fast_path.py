"""EM by matrix products: the same step as by centred distances, at any offset, scale and spread."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture

from suite.gmm import EMGaussianMixture, MixtureParameters, e_step, m_step
from suite.gmm.steps import MixtureTensors
from tests.gmm.mixtures import SHARED_TYPES, TYPES, mixtures, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# (spread of the data / smallest spread of a component)² times the rounding of float64: the random
# mixtures have eigenvalues of 0.3 and more, means of size 2 and up to 4 components.
ROUNDING = 1e-10


def one_step(
    X: np.ndarray,
    start: MixtureParameters,
    sample_weight: np.ndarray | None = None,
    **options: object,
) -> EMGaussianMixture:
    return EMGaussianMixture(
        start.n_components,
        covariance_type=start.covariance_type,
        initial=start,
        max_iter=1,
        **options,
    ).fit(X, sample_weight=sample_weight)


def by_distances(
    X: np.ndarray, start: MixtureParameters, reg_covar: float = 0.0
) -> tuple[float, MixtureParameters]:
    """The bound before and the parameters after a step by the definitions, near the origin."""
    rows = torch.from_numpy(X)
    log_prob, responsibilities = e_step(rows, MixtureTensors.from_parameters(start, like=rows))
    after = m_step(rows, responsibilities, start.covariance_type, reg_covar)
    return float(log_prob.mean()), after.to_parameters()


def assert_same(fitted: EMGaussianMixture, expected: MixtureParameters, rtol: float) -> None:
    found = MixtureParameters.from_estimator(fitted)
    np.testing.assert_allclose(found.weights, expected.weights, rtol=rtol)
    scale = np.sqrt(expected.full_covariances().diagonal(axis1=1, axis2=2))
    assert (np.abs(found.means - expected.means) / scale).max() < rtol
    difference = np.abs(found.full_covariances() - expected.full_covariances())
    assert (difference / (scale[:, :, None] * scale[:, None])).max() < rtol


@settings(max_examples=60)
@given(mixtures, st.integers(0, 1000), st.sampled_from([0.0, 0.1]))
def test_a_step_is_that_by_centred_distances(
    mixture: MixtureParameters, seed: int, reg_covar: float
) -> None:
    X = rows_from(mixture, 60, seed)
    bound, expected = by_distances(X, mixture, reg_covar)
    # A step may leave a component on no more rows than features: all but singular, it is left to
    # distances, which the next test is about. Or on no row at all: then 10 eps are added to its
    # count (`maximise`), of which a thousandth of a row knows nothing at this rounding.
    assume(np.linalg.eigvalsh(expected.full_covariances()).min() > 0.01 + reg_covar)
    assume(expected.weights.min() * len(X) > 1e-3)
    fitted = one_step(X, mixture, reg_covar=reg_covar)
    assert fitted.diagnostics_.starts[0].n_direct == 0
    assert fitted.lower_bound_ == pytest.approx(bound, abs=ROUNDING)
    assert_same(fitted, expected, ROUNDING)


@pytest.mark.parametrize("starts_narrow", [True, False])
@pytest.mark.parametrize("kind", TYPES)
def test_a_narrow_component_far_out_is_left_to_centred_distances(
    kind: str, starts_narrow: bool
) -> None:
    # Two rows' width of 1e-5 at a distance of 8: squares lose (8 / 1e-5)² = 6e11 of 4e15 digits.
    rng = np.random.default_rng(0)
    wide, narrow = rng.normal(size=(40, 2)), 8.0 + 1e-5 * rng.normal(size=(40, 2))
    X = np.concatenate([wide, narrow] if "tied" not in kind else [1e-5 * wide, narrow])
    means = np.array([X[:40].mean(0), X[40:].mean(0)])
    spread = np.array([X[:40].var(), X[40:].var()]) if starts_narrow else np.array([0.3, 0.3])
    shared = spread[1]
    covariances = {
        "full": spread[:, None, None] * np.eye(2),
        "diag": spread[:, None] * np.ones(2),
        "spherical": spread,
        "tied": shared * np.eye(2),
        "tied_diag": shared * np.ones(2),
        "tied_spherical": shared,
    }[kind]
    start = MixtureParameters([0.5, 0.5], means, covariances, kind)
    fitted = one_step(X, start, reg_covar=0.0)
    assert fitted.diagnostics_.starts[0].n_direct == 1
    # The oracle: rows belong to their cluster to 1e-60 or better: an M-step is two sample moments.
    parts = [X[:40], X[40:]]
    own = [np.cov(part.T, bias=True) for part in parts]
    pooled = (own[0] + own[1]) / 2
    expected = {
        "full": lambda: np.array(own),
        "diag": lambda: np.array([np.diag(c) for c in own]),
        "spherical": lambda: np.array([np.trace(c) / 2 for c in own]),
        "tied": lambda: pooled,
        "tied_diag": lambda: np.diag(pooled),
        "tied_spherical": lambda: np.trace(pooled) / 2,
    }[kind]()
    # Each row is held to an ulp of 8, 1e-15, which is 1e-10 of the narrow component's width.
    exact = MixtureParameters([0.5, 0.5], [part.mean(0) for part in parts], expected, kind)
    assert_same(fitted, exact, 1e-8)


@pytest.mark.parametrize("kind", SHARED_TYPES)
def test_a_far_origin_and_unequal_scales_cost_no_digits(kind: str) -> None:
    # Rows and offset are multiples of 2⁻²⁰ below 2³¹ and scales are powers of two, so that the
    # moved data hold exactly what scikit-learn is given.
    truth = random_mixture(3, 3, 2, kind)
    X = np.round(rows_from(truth, 400) * 2**20) / 2**20
    centre = np.round(X.mean(0))
    offset = np.round(1e6 * X.std(0)) - centre
    scale = {"spherical": np.array([4.0, 4.0])}.get(kind, np.array([2.0**10, 2.0**-10]))
    start = random_mixture(4, 3, 2, kind)
    theirs = GaussianMixture(
        3,
        covariance_type=kind,
        weights_init=start.weights,
        means_init=start.means - centre,
        precisions_init=start.precisions(),
        reg_covar=0.0,
        tol=0.0,
        max_iter=20,
    ).fit(X - centre)
    stretch = np.multiply.outer(scale, scale)
    moved = MixtureParameters(
        start.weights,
        (start.means + offset) * scale,
        start.covariances * {"diag": scale**2, "spherical": scale[0] ** 2}.get(kind, stretch),
        kind,
    )
    ours = EMGaussianMixture(
        3, covariance_type=kind, initial=moved, reg_covar=0.0, tol=0.0, max_iter=20
    ).fit((X + offset) * scale)
    expected = MixtureParameters.from_estimator(theirs)
    np.testing.assert_allclose(ours.weights_, expected.weights, rtol=1e-8)
    # An ulp of a mean is 1e-10 of the spread here, which is 1e6 times nearer than the origin.
    found = ours.means_ / scale - offset - centre
    deviations = np.sqrt(expected.full_covariances().diagonal(axis1=1, axis2=2))
    assert (np.abs(found - expected.means) / deviations).max() < 1e-8
    back = MixtureParameters.from_estimator(ours).full_covariances() / stretch
    relative = np.abs(back - expected.full_covariances())
    assert (relative / (deviations[:, :, None] * deviations[:, None])).max() < 1e-8
    assert ours.lower_bound_ + np.log(scale).sum() == pytest.approx(theirs.lower_bound_, rel=1e-8)


def _similarity(seed: int) -> np.ndarray:
    axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return 2.5 * axes


@pytest.mark.parametrize("kind", TYPES)
def test_fits_are_equivariant_under_the_maps_their_type_allows(kind: str) -> None:
    general = np.array([[2.0, 0.5, 0.0], [-0.3, 0.1, 0.2], [0.0, 4.0, 30.0]])
    A = {
        "full": general,
        "tied": general,
        "diag": np.diag([2.0, 0.01, 30.0]),
        "tied_diag": np.diag([2.0, 0.01, 30.0]),
        "spherical": _similarity(0),
        "tied_spherical": _similarity(1),
    }[kind]
    truth, start = random_mixture(1, 2, 3, kind), random_mixture(2, 2, 3, kind)
    X, shift = rows_from(truth, 300), np.array([5.0, -100.0, 1e3])
    full = A @ start.full_covariances() @ A.T
    carried = {
        "full": lambda: full,
        "tied": lambda: full[0],
        "diag": lambda: full.diagonal(axis1=1, axis2=2),
        "tied_diag": lambda: full[0].diagonal(),
        "spherical": lambda: full[:, 0, 0],
        "tied_spherical": lambda: full[0, 0, 0],
    }[kind]()
    options = {"covariance_type": kind, "reg_covar": 0.0, "tol": 0.0, "max_iter": 10}
    plain = EMGaussianMixture(2, initial=start, **options).fit(X)
    moved_start = MixtureParameters(start.weights, start.means @ A.T + shift, carried, kind)
    moved = EMGaussianMixture(2, initial=moved_start, **options).fit(X @ A.T + shift)
    own = MixtureParameters.from_estimator(plain)
    expected = A @ own.full_covariances() @ A.T
    np.testing.assert_allclose(moved.weights_, own.weights, rtol=1e-9)
    deviations = np.sqrt(expected.diagonal(axis1=1, axis2=2))
    assert (np.abs(moved.means_ - own.means @ A.T - shift) / deviations).max() < 1e-9
    found = MixtureParameters.from_estimator(moved).full_covariances()
    scale = deviations[:, :, None] * deviations[:, None]
    assert (np.abs(found - expected) / scale).max() < 1e-8
    volume = np.linalg.slogdet(A)[1]
    assert moved.lower_bound_ == pytest.approx(plain.lower_bound_ - volume, abs=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_of_any_size_give_the_same_sums(
    weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 3000 rows in one block by NumPy; then in blocks of 512 by torch, kept and made anew.
    start = random_mixture(0, 3, 4, "full")
    X = rows_from(random_mixture(1, 3, 4, "full"), 3000)
    weights = np.arange(3000) % 5 if weighted else None
    whole = one_step(X, start, weights)
    for setting in ("_KEPT_FEATURES_BYTES", "_KEPT_ROWS_BYTES"):
        monkeypatch.setattr("suite.gmm.feature_blocks._WORKING_BYTES", 1e4)
        monkeypatch.setattr("suite.gmm.feature_blocks._SMALL", 0)
        parts = one_step(X, start, weights)
        assert_same(parts, MixtureParameters.from_estimator(whole), 1e-12)
        assert parts.lower_bound_ == pytest.approx(whole.lower_bound_, rel=1e-13)
        monkeypatch.setattr(f"suite.gmm.feature_blocks.{setting}", 0)
    remade = one_step(X, start, weights)
    assert remade.lower_bound_ == pytest.approx(whole.lower_bound_, rel=1e-13)
    assert_same(remade, MixtureParameters.from_estimator(whole), 1e-12)


def test_single_precision_stays_near_double() -> None:
    # Rounding of float32, 6e-8, magnified by M = 15 terms of size up to 30 in each log density.
    start = random_mixture(0, 3, 4, "full")
    X = rows_from(random_mixture(1, 3, 4, "full"), 3000)
    double = EMGaussianMixture(3, initial=start, max_iter=10, tol=0.0).fit(X)
    single = EMGaussianMixture(3, initial=start, max_iter=10, tol=0.0, dtype="float32").fit(X)
    difference = abs(single.lower_bound_ - double.lower_bound_)
    assert 0 < difference < 6e-8 * 15 * 30


@pytest.mark.parametrize("kind", TYPES)
def test_parts_side_by_side_give_the_same_sums_and_leave_torch_its_threads(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = random_mixture(0, 3, 2, kind)
    X = rows_from(random_mixture(1, 3, 2, kind), 1000)
    weights = np.arange(1000) % 3
    alone = one_step(X, start, weights)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    monkeypatch.setattr("suite.gmm.feature_blocks._WORTH_A_THREAD", 1)
    monkeypatch.setattr("suite.gmm.feature_blocks._SMALL", 0)
    try:
        parts = one_step(X, start, weights)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert_same(parts, MixtureParameters.from_estimator(alone), 1e-11)
    assert parts.lower_bound_ == pytest.approx(alone.lower_bound_, rel=1e-13)


def test_predictions_in_blocks_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = random_mixture(0, 3, 2, "full")
    X = rows_from(mixture, 50)
    fitted = one_step(X, mixture)
    monkeypatch.setattr("suite.gmm.prediction._BLOCK", 7)
    parameters = MixtureParameters.from_estimator(fitted)
    np.testing.assert_allclose(fitted.score_samples(X), parameters.log_prob(X), rtol=1e-10)
    posterior = parameters.responsibilities(X)
    np.testing.assert_allclose(fitted.predict_proba(X), posterior, rtol=1e-8, atol=1e-14)
    np.testing.assert_array_equal(fitted.predict(X), posterior.argmax(1))
    largest = np.log(posterior.max(1)).sum()
    assert fitted.icl(X) == pytest.approx(fitted.bic(X) - 2 * largest)
