import json

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from suite.errors import InputError
from suite.gmm import EMGaussianMixture
from suite.random import draw_seed
from suite.vae import Autoencoder, AutoencoderWithMixture
from tests.vae.toys import bits, quantile

SETTINGS = {"hidden_dims": (8,), "max_epochs": 5, "batch_size": 50, "random_state": 0}


def fitted(**settings):
    return AutoencoderWithMixture(2, n_components=3, **SETTINGS | settings).fit(bits(300))


def test_the_networks_are_the_plain_autoencoders():
    plain, mixed = Autoencoder(2, **SETTINGS).fit(bits(300)), fitted()
    assert mixed.objectives_ == plain.objectives_
    np.testing.assert_array_equal(mixed.reconstruct(bits()), plain.reconstruct(bits()))


def test_the_mixture_is_ems_of_the_training_codes():
    model = fitted(dtype="float64")
    em = EMGaussianMixture(3, max_iter=1000, random_state=draw_seed(0))
    em.fit(model.transform(bits(300)))
    np.testing.assert_array_equal(model.code_mixture_.means, em.means_)


def test_the_density_of_codes_is_scipys():
    model = fitted()
    mixture, codes = model.code_mixture_, model.transform(bits())
    joint = [
        np.log(weight) + multivariate_normal(mean, covariance).logpdf(codes)
        for weight, mean, covariance in zip(
            mixture.weights, mixture.means, mixture.covariances, strict=True
        )
    ]
    np.testing.assert_allclose(model.code_log_density(bits()), logsumexp(joint, axis=0), rtol=1e-9)


def test_samples_decode_draws_of_the_mixture_in_no_order():
    """An affine decoder of a Gaussian: the samples' mean is the decoded mean of the codes."""
    model = AutoencoderWithMixture(
        2, n_components=3, **SETTINGS | {"hidden_dims": (), "likelihood": "gaussian"}
    ).fit(bits(300))
    drawn = model.sample(20_000, random_state=1)
    mixture = model.code_mixture_
    mean = mixture.weights @ mixture.means
    error = drawn.std(0) / len(drawn) ** 0.5
    expected = model.inverse_transform(mean[None])[0]
    assert (np.abs(drawn.mean(0) - expected) <= quantile(12) * error).all()
    # Were they ordered by component, the two halves would differ by far more than this.
    halves = drawn[:10_000].mean(0) - drawn[10_000:].mean(0)
    assert (np.abs(halves) <= quantile(12) * 2 * error).all()


def test_saving_and_loading(tmp_path):
    model = fitted()
    model.save(tmp_path / "model")
    again = AutoencoderWithMixture.load(tmp_path / "model")
    np.testing.assert_array_equal(again.sample(5, random_state=0), model.sample(5, random_state=0))
    assert json.dumps(again.code_mixture_.to_dict()) == json.dumps(model.code_mixture_.to_dict())


def test_bad_settings():
    with pytest.raises(InputError, match=r"n_components=400 .* got 300; give more rows"):
        fitted().set_params(n_components=400).fit(bits(300))
    with pytest.raises(InputError, match="n_components must be an integer"):
        fitted().set_params(n_components=0).fit(bits(300))
    with pytest.raises(InputError, match="covariance_type"):
        fitted().set_params(covariance_type="round").fit(bits(300))
