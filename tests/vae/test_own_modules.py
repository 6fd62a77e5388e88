"""Networks of a user's own in the estimators."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from suite.errors import InputError
from suite.random import torch_generator
from suite.vae import Autoencoder, PyroVAE, TorchVAE, build_networks
from tests.vae.toys import bits, suitable

SMALL = {"hidden_dims": (8,), "max_epochs": 3, "batch_size": 16, "random_state": 0}
ALL = [TorchVAE, PyroVAE, Autoencoder]


def own(likelihood="bernoulli"):
    """The encoder and the decoder that the suite itself would start from, as plain modules."""
    start = TorchVAE(3, likelihood=likelihood, **SMALL).fit(suitable(likelihood)).initial_
    networks = build_networks(
        12, 3, hidden_dims=(8,), likelihood=likelihood, generator=torch_generator(0)
    )
    networks.load_state_dict(start)
    return networks.encoder, nn.Sequential(networks.decoder.trunk, networks.decoder.output)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("cls", ALL)
def test_the_suites_own_networks_given_as_modules_train_as_they_do(cls, likelihood):
    """The last layer then is no `output` of the suite's, and so keeps the bias that it has."""
    encoder, decoder = own(likelihood)
    before = [weight.detach().clone() for weight in decoder.parameters()]
    X = suitable(likelihood)
    mine = cls(3, encoder=encoder, decoder=decoder, likelihood=likelihood, **SMALL).fit(X)
    theirs = cls(3, likelihood=likelihood, **SMALL).fit(X)
    np.testing.assert_allclose(mine.objectives_, theirs.objectives_, rtol=1e-6)
    np.testing.assert_allclose(mine.transform(X), theirs.transform(X), rtol=1e-4, atol=1e-5)
    for weight, unchanged in zip(decoder.parameters(), before, strict=True):
        assert torch.equal(weight, unchanged), "a copy is trained"


def test_one_of_the_two_may_be_built():
    encoder, _ = own()
    vae = TorchVAE(3, encoder=encoder, **SMALL).fit(bits())
    assert vae.networks_.decoder.trunk[0].weight.shape == (8, 3)


def test_clone_fit_save_and_load(tmp_path):
    encoder, decoder = own()
    vae = TorchVAE(3, encoder=encoder, decoder=decoder, **SMALL).fit(bits())
    assert clone(vae).fit(bits()).objectives_ == vae.objectives_
    vae.save(tmp_path / "model")
    with pytest.raises(InputError, match=r"fitted with encoder=Encoder, got None; give load\(\)"):
        TorchVAE.load(tmp_path / "model")
    again = TorchVAE.load(tmp_path / "model", encoder=encoder, decoder=decoder)
    np.testing.assert_array_equal(again.transform(bits()), vae.transform(bits()))


def test_a_checkpoint_knows_other_weights(tmp_path):
    path = tmp_path / "fit"
    encoder, decoder = own()
    vae = TorchVAE(3, encoder=encoder, decoder=decoder, **SMALL).fit(bits(), checkpoint=path)
    again = clone(vae).fit(bits(), checkpoint=path)
    assert again.objectives_ == vae.objectives_
    with torch.no_grad():
        encoder.loc.bias.add_(1)
    with pytest.raises(InputError, match="initial="):
        TorchVAE(3, encoder=encoder, decoder=decoder, **SMALL).fit(bits(), checkpoint=path)


def test_modules_are_in_training_mode_within_an_epoch_alone():
    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 12)
            self.seen = []

        def forward(self, z):
            self.seen.append(self.training)
            return self.layer(z)

    vae = TorchVAE(3, decoder=Watching(), **SMALL).fit(
        bits(), callback=lambda p: p.state().decode(torch.zeros(1, 3)) and None
    )
    seen = vae.networks_.decoder.trunk.seen
    assert seen[0] is False, "the check beforehand"
    assert seen[1:] == [True, True, True, True, False] * 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": "mlp"}, "encoder must be a torch.nn.Module or None, got 'mlp'"),
        ({"encoder": nn.Linear(12, 3)}, r"encoder must map rows \(B, 12\) to a pair"),
        ({"encoder": nn.Linear(5, 3)}, "encoder must map .* it fails: mat1 and mat2"),
        ({"decoder": nn.Linear(3, 7)}, r"decoder must map .* for 2 codes it gives .*\[2, 7\]"),
        ({"decoder": nn.Linear(4, 12)}, "decoder must map .* it fails"),
    ],
)
def test_modules_that_will_not_do(settings, message):
    with pytest.raises(InputError, match=message):
        TorchVAE(3, **SMALL, **settings).fit(bits())


def test_scales_must_be_positive():
    class Negative(nn.Module):
        def forward(self, x):
            return x[..., :3], -torch.ones_like(x[..., :3])

    with pytest.raises(InputError, match="least scale -1"):
        TorchVAE(3, **SMALL, encoder=Negative()).fit(bits())
