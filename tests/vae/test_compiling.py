"""`compile=True` gives the same numbers up to rounding."""

import shutil
from time import perf_counter

import numpy as np
import pytest
import torch
from torch._dynamo.exc import BackendCompilerFailed
from torch._dynamo.utils import counters

from suite.errors import InputError
from suite.vae import Autoencoder, PyroVAE, TorchVAE, compiling
from tests.vae.toys import grey, tiny_networks

SETTINGS = {"hidden_dims": (8,), "batch_size": 20, "max_epochs": 3, "random_state": 0}
CASES = [
    (TorchVAE, {"objective": "importance-weighted", "n_particles": 2, "kl_warm_up": 3}),
    (TorchVAE, {"likelihood": "continuous-bernoulli"}),
    (PyroVAE, {}),
    (Autoencoder, {"likelihood": "laplace"}),
]


@pytest.fixture
def captured(monkeypatch):
    """torch.compile up to its backend: graphs are captured, not translated to C++; their number."""
    whole = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda function, **kwargs: whole(function, backend="eager", **kwargs)
    )
    torch._dynamo.reset()
    counters["stats"].clear()
    yield counters["stats"]
    torch._dynamo.reset()


def assert_same_fit(cls, settings):
    # 50 rows by twenties: the last minibatch is smaller, and so compiled for itself.
    plain = cls(2, **SETTINGS, **settings, dtype="float64").fit(grey(50))
    fast = cls(2, **SETTINGS, **settings, dtype="float64", compile=True).fit(grey(50))
    np.testing.assert_allclose(fast.objectives_, plain.objectives_, rtol=1e-9)
    np.testing.assert_allclose(fast.transform(grey()), plain.transform(grey()), rtol=1e-6)
    assert list(fast.networks_.state_dict()) == list(plain.networks_.state_dict())


def test_the_captured_loss_is_the_same_and_captured_once_a_shape(captured):
    assert_same_fit(TorchVAE, {"objective": "sampled", "kl_warm_up": 3})
    assert captured["unique_graphs"] == 2, "a minibatch of twenty, the last one of ten"


def test_modules_of_ones_own_may_have_buffers(captured):
    layers = (torch.nn.Linear(2, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 12))
    assert_same_fit(TorchVAE, {"decoder": torch.nn.Sequential(*layers).double()})
    assert captured["unique_graphs"] > 0


def test_compiling_is_told_apart_from_the_rest_of_the_fit(captured):
    began = perf_counter()
    fast = TorchVAE(2, **SETTINGS, compile=True).fit(grey(50))
    seconds = perf_counter() - began
    assert 0 < fast.compile_seconds_ < seconds
    before = compiling.seconds_compiling()
    plain = TorchVAE(2, **SETTINGS).fit(grey(50))
    assert compiling.seconds_compiling() == before
    assert not hasattr(plain, "compile_seconds_")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.parametrize(("cls", "settings"), CASES)
def test_the_compiled_loss_is_the_same(cls, settings):
    assert_same_fit(cls, settings)


def test_a_machine_that_cannot_compile_is_told_so(monkeypatch):
    def failing(function, **kwargs):
        def call(*args):
            raise BackendCompilerFailed(failing, RuntimeError("no C++ compiler"), None)

        return call

    monkeypatch.setattr(torch, "compile", failing)
    with pytest.raises(InputError, match=r"needs a C\+\+ compiler .*use compile=False"):
        TorchVAE(2, compile=True).fit(grey())


def test_the_compiled_networks_share_their_weights():
    networks = tiny_networks()
    again = compiling.compiled_networks(networks)
    for mine, theirs in zip(again.parameters(), networks.parameters(), strict=True):
        assert mine is theirs
