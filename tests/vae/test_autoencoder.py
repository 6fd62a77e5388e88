import numpy as np
import torch
from sklearn.decomposition import PCA

from suite.evaluation import reconstruction_error
from suite.vae import Autoencoder
from suite.vae.autoencoder import distortion
from tests.vae.toys import bits, suitable, tiny_networks


def test_distortion_is_the_cross_entropy_at_the_code():
    networks = tiny_networks()
    x = torch.from_numpy(bits())
    with torch.no_grad():
        p = networks.decode(networks.encode(x)[0])[0].sigmoid()
    expected = -(x * p.log() + (1 - x) * (1 - p).log()).sum(1).mean()
    torch.testing.assert_close(distortion(networks, x).detach(), expected, rtol=1e-12, atol=0)
    np.testing.assert_allclose(reconstruction_error(networks, x).mean(), expected, rtol=1e-12)


def test_the_linear_autoencoder_finds_the_principal_subspace():
    """No affine code of J dimensions reconstructs better than PCA's (Baldi and Hornik 1989)."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(300, 5))
    model = Autoencoder(
        2, hidden_dims=(), likelihood="gaussian", max_epochs=150, learning_rate=0.01,
        batch_size=50, random_state=0, dtype="float64",
    ).fit(X)  # fmt: skip
    pca = PCA(2).fit(X)
    best = np.square(X - pca.inverse_transform(pca.transform(X))).mean()
    found = np.square(X - model.reconstruct(X)).mean()
    start = np.square(X - X.mean(0)).mean()
    assert best <= found < best + 0.01 * (start - best)


def test_it_has_no_noise():
    settings = {"hidden_dims": (8,), "batch_size": 60, "dtype": "float64", "max_epochs": 1}
    first = Autoencoder(3, random_state=0, **settings).fit(bits())
    other = Autoencoder(3, random_state=1, initial=first.initial_, **settings).fit(bits())
    np.testing.assert_allclose(first.objectives_, other.objectives_, rtol=1e-12)


def test_the_scale_is_left_as_it_was():
    model = Autoencoder(3, hidden_dims=(8,), random_state=0).fit(suitable("bernoulli"))
    for name, weight in model.networks_.state_dict().items():
        unchanged = torch.equal(weight, model.initial_[name])
        assert unchanged == name.startswith("encoder.log_scale"), name
