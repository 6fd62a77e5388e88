"""What all three estimators promise, and what the two VAEs add."""

import json
import pickle
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from suite.errors import InputError
from suite.evaluation import log_weights
from suite.random import torch_generator
from suite.registry import ESTIMATORS
from suite.vae import Autoencoder, TorchVAE
from suite.vae.autoencoder import distortion
from suite.vae.streams import Streams, minibatches
from suite.vae.torch_vae import negative_elbo
from tests.installed import is_installed
from tests.vae.toys import LIKELIHOOD_NAMES, bits, grey, suitable

# Others' training loops have fewer settings: tests/vae/test_peers.py is theirs.
VAES = [
    spec.load()
    for spec in ESTIMATORS.values()
    if spec.family == "vae" and ".peers." not in spec.path and is_installed(spec)
]
ALL = [*VAES, Autoencoder]
SMALL = {"hidden_dims": (8,), "max_epochs": 3, "batch_size": 16, "random_state": 0}


@pytest.fixture(params=ALL, ids=lambda cls: cls.__name__)
def estimator(request):
    return request.param(3, **SMALL)


@pytest.fixture(params=VAES, ids=lambda cls: cls.__name__)
def vae(request):
    return request.param(3, **SMALL)


def test_learned_attributes(estimator):
    told = []
    fitted = estimator.fit(bits(), callback=lambda p: told.append((p.step, p.objective)))
    assert fitted is estimator
    assert [step for step, _ in told] == [1, 2, 3]
    assert [objective for _, objective in told] == estimator.objectives_
    assert estimator.n_epochs_ == 3
    assert estimator.n_features_in_ == 12
    if isinstance(estimator, Autoencoder):
        assert estimator.reconstruction_errors_ == [-value for value in estimator.objectives_]
        assert estimator.reconstruction_error_ == -estimator.objectives_[-1]
    else:
        assert estimator.elbos_ == estimator.objectives_
        assert estimator.elbo_ == estimator.objectives_[-1]


def test_the_objective_is_the_mean_over_data_and_not_over_batches(estimator):
    """With a learning rate that moves nothing, an epoch's objective is known."""
    estimator.set_params(learning_rate=1e-300, max_epochs=1, batch_size=59, dtype="float64")
    X = torch.from_numpy(bits(60))
    estimator.fit(X)
    streams = Streams.from_random_state(0)
    total = 0.0
    for rows in minibatches(60, 59, streams.order):
        if isinstance(estimator, Autoencoder):
            loss = distortion(estimator.networks_, X[rows])
        else:
            loss = negative_elbo(estimator.networks_, X[rows], streams.noise)
        total += len(rows) * loss.item()
    np.testing.assert_allclose(estimator.objectives_, [-total / 60], rtol=1e-12)


def test_a_true_answer_of_the_callback_stops_the_fit(estimator):
    estimator.fit(bits(), callback=lambda progress: progress.step == 2)
    assert estimator.n_epochs_ == 2
    assert len(estimator.objectives_) == 2


def test_equal_seeds_give_equal_fits(estimator):
    first, second = (clone(estimator).fit(grey()).objectives_ for _ in range(2))
    assert first == second
    assert clone(estimator).set_params(random_state=1).fit(grey()).objectives_ != first
    streams = [np.random.RandomState(5) for _ in range(2)]
    third, fourth = (clone(estimator).set_params(random_state=s) for s in streams)
    assert third.fit(grey()).objectives_ == fourth.fit(grey()).objectives_
    assert third.fit(grey()).objectives_ != fourth.objectives_


def test_fitting_again_starts_afresh(estimator):
    once = clone(estimator).fit(bits()).objectives_
    assert estimator.fit(bits(seed=1)).fit(bits()).objectives_ == once


def test_all_three_start_from_the_same_weights():
    starts = [cls(3, **SMALL).fit(bits()).initial_ for cls in ALL]
    for start in starts[1:]:
        assert all(torch.equal(start[name], starts[0][name]) for name in starts[0])


def test_clone_and_parameters(estimator):
    estimator.set_params(initial=clone(estimator).fit(bits()).initial_)
    copy = clone(estimator)
    assert copy.get_params().keys() == estimator.get_params().keys()
    assert copy.fit(bits()).objectives_ == estimator.fit(bits()).objectives_


def test_pickling(estimator):
    fitted = estimator.fit(bits())
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(bits()), fitted.transform(bits()))


def test_pipeline_and_feature_names(estimator):
    estimator.set_params(likelihood="gaussian").set_output(transform="pandas")
    X = pd.DataFrame(suitable("gaussian"))
    codes = Pipeline([("scale", StandardScaler()), ("model", estimator)]).fit_transform(X)
    name = type(estimator).__name__.lower()
    assert list(codes.columns) == [f"{name}{i}" for i in range(3)]


def test_grid_search(estimator):
    search = GridSearchCV(estimator, {"latent_dim": [1, 2]}, cv=2).fit(bits())
    assert np.isfinite(search.best_score_)


def test_reconstruction_is_encoding_and_decoding(estimator):
    X = bits()
    estimator.fit(X)
    codes = estimator.transform(X)
    assert codes.shape == (60, 3)
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(estimator.reconstruct(X), estimator.inverse_transform(codes))
    with torch.no_grad():
        loc, _ = estimator.networks_.encode(torch.from_numpy(X).float())
    np.testing.assert_allclose(codes, loc, rtol=1e-5, atol=1e-6)


def test_reconstruction_learns(estimator):
    X = bits(400)
    estimator.set_params(max_epochs=20, learning_rate=0.02, batch_size=40).fit(X)
    from_mean = np.square(X - X.mean(0)).mean()
    assert np.square(X - estimator.reconstruct(X)).mean() < 0.8 * from_mean


def test_interpolation_runs_between_the_reconstructions(estimator):
    X = bits()
    path = estimator.fit(X).interpolate(X[0], X[1], 5)
    assert path.shape == (5, 12)
    np.testing.assert_allclose(path[[0, -1]], estimator.reconstruct(X[:2]), rtol=1e-5)
    middle = estimator.inverse_transform(estimator.transform(X[:2]).mean(0, keepdims=True))
    np.testing.assert_allclose(path[2], middle[0], rtol=1e-5)
    with pytest.raises(InputError, match="12 columns"):
        estimator.interpolate(X[0], X[1, :5])
    with pytest.raises(InputError, match="steps must be an integer of at least 2"):
        estimator.interpolate(X[0], X[1], 1)


def test_samples_decode_the_prior(estimator):
    estimator.fit(bits())
    z = torch.randn((4, 3), generator=torch_generator(7))
    np.testing.assert_allclose(
        estimator.sample(4, random_state=7), estimator.inverse_transform(z), rtol=1e-6
    )


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
def test_saving_and_loading(estimator, likelihood, tmp_path):
    X = suitable(likelihood)
    path = tmp_path / "model.safetensors"
    estimator.set_params(likelihood=likelihood, hidden_dims=[8, 5]).fit(X).save(path)
    again = type(estimator).load(path)
    assert again.objectives_ == estimator.objectives_
    assert again.n_epochs_ == 3
    assert again.get_params() == estimator.get_params() | {"hidden_dims": (8, 5)}
    np.testing.assert_array_equal(again.reconstruct(X), estimator.reconstruct(X))
    assert again.score(X) == estimator.score(X)
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_what_is_saved_is_safetensors_with_json(tmp_path):
    path = tmp_path / "model.safetensors"
    TorchVAE(3, **SMALL).fit(bits()).save(path)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    saved = json.loads(header["__metadata__"]["latent-variable-suite"])
    assert saved["kind"] == "TorchVAE"
    assert saved["settings"]["latent_dim"] == 3


def test_loading_what_is_no_such_file(estimator, tmp_path):
    load = type(estimator).load
    with pytest.raises(InputError, match="no file"):
        load(tmp_path / "missing")
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"not safetensors at all")
    with pytest.raises(InputError, match="no file that a VAE or autoencoder saved"):
        load(wrong)
    other = Autoencoder if isinstance(estimator, TorchVAE) else TorchVAE
    other(3, **SMALL).fit(bits()).save(wrong)
    with pytest.raises(InputError, match=f"holds a {other.__name__}.*{other.__name__}.load"):
        load(wrong)


def test_use_before_fit(estimator, tmp_path):
    for use in (estimator.transform, estimator.score, estimator.reconstruct):
        with pytest.raises(NotFittedError):
            use(bits())
    with pytest.raises(NotFittedError):
        estimator.sample(1)
    with pytest.raises(NotFittedError):
        estimator.save(tmp_path / "model")
    assert not hasattr(estimator, "objectives_")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[0.0, np.nan], [1.0, 0.0]], "finite, got 1 NaN or infinite value; drop or impute"),
        ([[0.0, np.inf], [np.nan, 0.0]], "finite, got 2 NaN or infinite values"),
        ([[0.0, 3.0]], r"pixels in \[0, 1\], got values from 0 to 3"),
        ([0.0, 1.0], r"one row per datum, got shape \(2,\); flatten"),
        (np.zeros((2, 3, 3)), "flatten"),
        (np.zeros((0, 3)), "at least one row"),
        ([["a", "b"]], "matrix of numbers.*text"),
        ([[0.0], [0.0, 1.0]], "every row the same length"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), "text"),
    ],
)
def test_bad_data(estimator, X, message):
    with pytest.raises(InputError, match=message):
        estimator.fit(X)
    assert not hasattr(estimator, "networks_")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be an integer of at least 1, got 0"),
        ({"latent_dim": 2.5}, "latent_dim"),
        ({"latent_dim": True}, "latent_dim"),
        ({"hidden_dims": 400}, r"hidden_dims must be a tuple of integers such as \(400,\)"),
        ({"hidden_dims": (8, -1)}, r"hidden_dims\[1\]"),
        ({"activation": "step"}, "activation must be 'relu' or 'tanh' or .* got 'step'"),
        ({"likelihood": "poisson"}, "likelihood must be 'bernoulli' or"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate must be a positive number"),
        ({"learning_rate": np.nan}, "learning_rate"),
        ({"dtype": "float16"}, "dtype must be 'float32' or 'float64'"),
        ({"device": "abacus"}, "device must be"),
        ({"initial": {"weights": torch.zeros(1)}}, "initial must be a state dict"),
    ],
)
def test_bad_settings(estimator, settings, message):
    with pytest.raises(InputError, match=message):
        estimator.set_params(**settings).fit(bits())


def test_wrong_columns_and_grey_pixels_after_the_fit(estimator):
    estimator.fit(grey())
    estimator.transform(grey())
    with pytest.raises(InputError, match=r"12 columns .* got 5"):
        estimator.transform(bits()[:, :5])
    with pytest.raises(InputError, match=r"3 columns .* got 12"):
        estimator.inverse_transform(bits())
    with pytest.raises(InputError, match="binarise"):
        estimator.score(grey())
    assert np.isfinite(estimator.score(bits()))


def test_divergence_is_said_and_nothing_is_learned(estimator):
    estimator.set_params(learning_rate=1e30, likelihood="gaussian")
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1 .*lower learning_rate"):
        estimator.fit(suitable("gaussian"))
    assert not hasattr(estimator, "networks_")


def test_the_users_data_are_read_only_and_never_changed(estimator):
    X = grey().astype(np.float32)
    X.setflags(write=False)
    before = X.copy()
    estimator.fit(X).transform(X)
    np.testing.assert_array_equal(X, before)


def test_fitting_within_no_grad(estimator):
    with torch.no_grad():
        inside = clone(estimator).fit(bits()).objectives_
    assert inside == estimator.fit(bits()).objectives_


def test_scores_are_the_importance_weighted_bound(vae):
    X = bits()
    vae.set_params(dtype="float64").fit(X)
    log_w = log_weights(vae.networks_, X, 100, torch_generator(0)).numpy()
    scores = vae.score_samples(X)
    np.testing.assert_allclose(scores, logsumexp(log_w, axis=0) - np.log(100), rtol=1e-12)
    assert vae.score(X) == scores.mean()
    assert vae.elbo(X) < vae.score(X)


def test_draws_are_bits_with_the_samples_as_their_means(vae):
    vae.fit(bits())
    draws = vae.sample(50, random_state=3, draw=True)
    assert set(np.unique(draws)) == {0.0, 1.0}
    means = vae.sample(50, random_state=3)
    error = np.sqrt((means * (1 - means)).sum()) / means.size
    assert abs((draws - means).mean()) < 5 * error


def test_every_public_method_works_in_double_precision(vae):
    vae.set_params(dtype="float64").fit(bits())
    assert vae.transform(bits()).dtype == np.float64
    assert vae.sample(2, draw=True).dtype == np.float64
