"""Others' training loops minimise the suite's bound, at the suite's weights, and leave no trace."""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studies.contract import Check, contract, found, subject
from suite.errors import InputError
from suite.evaluation.parity_vae import vae_parity
from suite.random import torch_generator
from suite.registry import ESTIMATORS, UnavailableError
from suite.vae import TorchVAE, build_networks
from suite.vae.networks import VAENetworks
from suite.vae.peers.dataloader import Pictures
from suite.vae.peers.modules import TutorialVAE, write_back
from tests.installed import is_installed
from tests.vae.toys import bits, grey

PEERS = [name for name, spec in ESTIMATORS.items() if spec.path.startswith("suite.vae.peers.")]
INSTALLED = [name for name in PEERS if is_installed(ESTIMATORS[name])]
SMALL = {"hidden_dims": (8,), "max_epochs": 3, "batch_size": 16, "random_state": 0}
SINGLE = float(np.finfo(np.float32).eps)


@pytest.fixture(params=PEERS)
def Peer(request: pytest.FixtureRequest) -> type[Any]:
    try:
        return ESTIMATORS[request.param].load()
    except UnavailableError as error:
        pytest.skip(str(error))


def networks(latent_dim: int = 3, likelihood: str = "bernoulli") -> VAENetworks:
    """Weights none of which are zero."""
    generator = torch_generator(1)
    built = build_networks(
        12, latent_dim, hidden_dims=(8,), likelihood=likelihood, generator=generator
    )
    with torch.no_grad():
        for weight in built.parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=generator))
    return built


@pytest.mark.parametrize("likelihood", ["bernoulli", "bernoulli-grey"])
def test_the_loss_and_its_gradient_are_the_twins(Peer: type[Any], likelihood: str) -> None:
    X = bits() if likelihood == "bernoulli" else grey()
    weights = networks(likelihood=likelihood).state_dict()
    settings = {"hidden_dims": (8,), "likelihood": likelihood}
    expected = TorchVAE(3, **settings).objective_at(X, weights, random_state=5)
    own = Peer(3, **settings).objective_at(X, weights, random_state=5)
    # Sums over rows, features and codes in another order: the root of their number of roundings,
    # four times over; of logarithms of 1 − p ≥ 0.01, which are known to a hundred roundings of p.
    tolerance = 4 * np.sqrt(len(X) * 12) * SINGLE
    assert own.objective == pytest.approx(expected.objective, rel=100 * tolerance)
    assert set(own.gradient) == set(expected.gradient)
    for name, slope in expected.gradient.items():
        scale = np.linalg.norm(slope)
        assert np.linalg.norm(own.gradient[name] - slope) <= 100 * tolerance * scale, name
    other = Peer(3, **settings).objective_at(X, weights, random_state=6)
    assert abs(other.objective - expected.objective) > 1e-3


def test_the_parity_gate_lets_them_through(Peer: type[Any]) -> None:
    findings = vae_parity(Peer(3, hidden_dims=(8,)), networks(), bits())
    assert {finding.quantity: finding.outcome for finding in findings} == dict.fromkeys(
        ("elbo", "distortion", "rate", "gradient"), "agrees"
    )


def test_an_epoch_reports_the_mean_loss_of_the_weights_that_it_found(Peer: type[Any]) -> None:
    """With a decoder that is blind to z neither noise nor order matter, and steps of 1e-12 none."""
    X = bits()
    blind = networks()
    with torch.no_grad():
        blind.decoder.trunk[0].weight.zero_()
    start = blind.state_dict()
    expected = TorchVAE(3, hidden_dims=(8,)).objective_at(X, start).objective
    size = len(X) // 4
    assert size * 4 == len(X)
    peer = Peer(3, hidden_dims=(8,), initial=start, batch_size=size, max_epochs=2,
                learning_rate=1e-12, random_state=0).fit(X)  # fmt: skip
    assert peer.objectives_ == pytest.approx([expected, expected], rel=1e-5)


def test_weights_go_there_and_back_exactly() -> None:
    first, second = (
        networks(),
        build_networks(12, 3, hidden_dims=(8,), generator=torch_generator(0)),
    )
    write_back(second, TutorialVAE(first))
    for (name, one), other in zip(
        first.state_dict().items(), second.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_a_fit_starts_from_the_suites_weights_and_repeats_itself(Peer: type[Any]) -> None:
    X = bits()
    one, again = (Peer(3, **SMALL).fit(X) for _ in range(2))
    twin = TorchVAE(3, **SMALL).fit(X)
    for name, value in twin.initial_.items():
        assert torch.equal(one.initial_[name], value), name
    assert one.objectives_ == again.objectives_
    assert one.objectives_ != Peer(3, **SMALL | {"random_state": 1}).fit(X).objectives_
    assert one.elbo(X) == again.elbo(X)


def test_they_learn_what_the_twin_learns(Peer: type[Any]) -> None:
    X = bits(200)
    settings = {"hidden_dims": (16,), "max_epochs": 30, "batch_size": 20, "learning_rate": 1e-2,
                "random_state": 0}  # fmt: skip
    twin, peer = (Model(2, **settings).fit(X).elbo(X) for Model in (TorchVAE, Peer))
    start = Peer(2, **settings | {"max_epochs": 1, "learning_rate": 1e-12}).fit(X).elbo(X)
    assert abs(peer - twin) < 0.1 * (twin - start)


def test_a_callback_stops_them(Peer: type[Any]) -> None:
    told: list[int] = []

    def stop(progress: Any) -> bool:
        told.append(progress.step)
        return progress.step == 2

    peer = Peer(3, **SMALL | {"max_epochs": 9}).fit(bits(), callback=stop)
    assert told == [1, 2]
    assert peer.n_epochs_ == 2


def test_nothing_is_left_behind(
    Peer: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    environment = dict(os.environ)
    Peer(3, **SMALL).fit(bits())
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])
    assert dict(os.environ) == environment
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_fit_can_be_saved(Peer: type[Any], tmp_path: Path) -> None:
    peer = Peer(3, **SMALL).fit(bits())
    peer.save(tmp_path / "model")
    assert Peer.load(tmp_path / "model").elbo(bits()) == peer.elbo(bits())


@pytest.mark.parametrize(
    ("settings", "X", "words"),
    [
        ({}, grey(), "bits='fixed'"),
        ({"likelihood": "gaussian"}, bits(), "likelihood must be 'bernoulli' or"),
        ({"device": "cuda"}, bits(), "device must be 'cpu'"),
    ],
)
def test_what_they_cannot_do_is_refused(
    Peer: type[Any], settings: dict[str, Any], X: np.ndarray, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        Peer(3, **SMALL | settings).fit(X)


def test_a_checkpoint_is_refused(Peer: type[Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="checkpoint=None"):
        Peer(3, **SMALL).fit(bits(), checkpoint=tmp_path / "kept")


def test_a_fit_that_diverges_says_so(Peer: type[Any]) -> None:
    peer = Peer(3, **SMALL | {"learning_rate": 1e30})
    with pytest.raises((FloatingPointError, RuntimeError)):
        peer.fit(bits())
    assert not hasattr(peer, "networks_")


def test_pictures_are_handed_out_as_torchvision_does() -> None:
    levels = np.arange(18).reshape(2, 9) * 15
    pictures = Pictures(torch.tensor(levels / 255, dtype=torch.float32))
    assert len(pictures) == 2
    picture, label = pictures[1]
    assert picture.shape == (1, 3, 3)
    assert label == 0
    assert torch.equal(picture, torch.tensor(levels[1] / 255, dtype=torch.float32).view(1, 3, 3))
    assert Pictures(torch.zeros(1, 12))[0][0].shape == (1, 1, 12)
    with pytest.raises(InputError, match="multiples of 1/255"):
        Pictures(torch.full((1, 4), 0.3337))


@pytest.mark.parametrize("check", contract("vae"), ids=lambda check: check.promise)
@pytest.mark.parametrize("name", [n for n in INSTALLED if ESTIMATORS[n].extra])
def test_keeps_the_contract(name: str, check: Check) -> None:
    finding = found(check, subject(ESTIMATORS[name]))
    assert finding.right, finding
