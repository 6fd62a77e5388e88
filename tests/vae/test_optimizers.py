"""Optimizers: torch's by hand, SOAP against its paper's algorithm, and what is refused."""

import numpy as np
import pytest
import torch

from suite.errors import InputError
from suite.vae import Autoencoder, PyroVAE, TorchVAE
from suite.vae.optimizers import OPTIMIZERS, TorchOptimizer, make_optimizer
from tests.vae.toys import bits, grey

SETTINGS = {"hidden_dims": (8,), "batch_size": 20, "random_state": 0, "dtype": "float64"}
RATE, EVERY = 0.02, 50


def soap_of_the_paper(W, gradients):
    """Vyas et al. (2025), algorithm 3, with the first gradient for the bases alone.

    Renewed every `EVERY` steps: a column of a basis that changes its place among the sorted
    eigenvalues takes its second moments with it.
    """
    first = gradients[0]
    L, R = 0.001 * first @ first.T, 0.001 * first.T @ first
    Q_L, Q_R = (np.linalg.eigh(C)[1][:, ::-1] for C in (L, R))
    M, V = np.zeros_like(W), np.zeros_like(W)
    for t, G in enumerate(gradients[1:], start=1):
        M = 0.9 * M + 0.1 * G
        V = 0.999 * V + 0.001 * (Q_L.T @ G @ Q_R) ** 2
        eta = RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        W = W - eta * Q_L @ ((Q_L.T @ M @ Q_R) / (np.sqrt(V) + 1e-8)) @ Q_R.T
        L, R = 0.999 * L + 0.001 * G @ G.T, 0.999 * R + 0.001 * G.T @ G
        if t % EVERY == 0:
            rows, columns = (np.argsort(-np.diag(Q.T @ C @ Q)) for Q, C in ((Q_L, L), (Q_R, R)))
            Q_L, Q_R = np.linalg.qr(L @ Q_L[:, rows])[0], np.linalg.qr(R @ Q_R[:, columns])[0]
            V = V[rows][:, columns]
    return W


# A renewed basis is rounded to single precision by the package.
@pytest.mark.parametrize(("n_steps", "rounding"), [(EVERY, 1e-9), (2 * EVERY + 5, 3e-6)])
def test_soap_is_the_algorithm_of_its_paper(n_steps, rounding):
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4))  # so that the eigenbasis is far from the coordinates
    gradients = [mixing @ rng.normal(size=(4, 3)) + 0.1 for _ in range(n_steps)]
    start = rng.normal(size=(4, 3))
    weight = torch.from_numpy(start.copy())
    optimizer = OPTIMIZERS["soap"]({"weight": weight})
    for gradient in gradients:
        optimizer.step([torch.from_numpy(gradient)], learning_rate=RATE)
    expected = soap_of_the_paper(start, gradients)
    np.testing.assert_allclose(weight, expected, rtol=rounding, atol=rounding)
    adam = torch.from_numpy(start.copy())
    other = OPTIMIZERS["adam"]({"weight": adam})
    for gradient in gradients:
        other.step([torch.from_numpy(gradient)], learning_rate=RATE)
    assert (adam - weight).abs().max() > 0.1


def test_long_sides_keep_their_coordinates():
    weight = torch.zeros(2, 513)
    optimizer = OPTIMIZERS["soap"]({"weight": weight})
    for _ in range(2):
        optimizer.step([torch.randn(2, 513)], learning_rate=RATE)
    shapes = sorted(tuple(value.shape) for value in optimizer.state().values() if value.dim() == 2)
    assert shapes == [(2, 2), (2, 2), (2, 513), (2, 513)]


@pytest.mark.parametrize("estimator", [TorchVAE, PyroVAE, Autoencoder])
def test_a_function_gives_the_optimizer(estimator):
    settings = SETTINGS | {"likelihood": "bernoulli-grey", "batch_size": 60, "learning_rate": 0.1}
    model = estimator(2, optimizer=torch.optim.SGD, max_epochs=1, **settings).fit(grey())
    # One step of all data by gradient descent: the change is the slope at the start, scaled.
    still = estimator(2, max_epochs=1, optimizer=no_steps, **settings).fit(grey())
    assert all(
        torch.equal(value, still.initial_[name])
        for name, value in still.networks_.state_dict().items()
    )
    slopes = [model.initial_[name] - value for name, value in model.networks_.state_dict().items()]
    assert model.objectives_ == still.objectives_
    twice = estimator(2, optimizer=torch.optim.SGD, max_epochs=1, **settings)
    twice = twice.set_params(learning_rate=0.2).fit(grey()).networks_.state_dict()
    for slope, (name, value) in zip(slopes, twice.items(), strict=True):
        torch.testing.assert_close(model.initial_[name] - value, 2 * slope)


def no_steps(weights):
    class Still(torch.optim.SGD):
        def step(self, closure=None):
            return None

    return Still(weights)


def test_torchs_adam_takes_the_steps_of_the_name():
    named = TorchVAE(2, max_epochs=2, **SETTINGS).fit(bits())
    given = TorchVAE(2, max_epochs=2, optimizer=torch.optim.Adam, **SETTINGS).fit(bits())
    for mine, theirs in zip(
        named.networks_.parameters(), given.networks_.parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


def test_twins_take_the_same_steps_with_soap():
    by_hand, with_pyro = (
        estimator(2, max_epochs=40, optimizer="soap", learning_rate=0.02, **SETTINGS).fit(bits())
        for estimator in (TorchVAE, PyroVAE)
    )
    np.testing.assert_allclose(by_hand.elbos_, with_pyro.elbos_, rtol=1e-8)
    assert by_hand.elbo_ > by_hand.elbos_[0] + 1


def test_a_file_keeps_a_name_and_no_function(tmp_path):
    for optimizer, kept in [("soap", "soap"), (torch.optim.SGD, "adam")]:
        model = TorchVAE(2, max_epochs=1, optimizer=optimizer, **SETTINGS).fit(bits())
        model.save(tmp_path / "model")
        assert TorchVAE.load(tmp_path / "model").optimizer == kept


def test_a_gradient_that_is_missing_leaves_its_weight():
    weights = [torch.ones(2), torch.ones(3)]
    optimizer = TorchOptimizer(weights, torch.optim.Adam(weights))
    optimizer.step([None, torch.ones(3)], learning_rate=0.5)
    assert weights[0].tolist() == [1, 1]
    torch.testing.assert_close(weights[1], torch.full((3,), 0.5))
    assert weights[1].grad is None


@pytest.mark.parametrize("optimizer", ["sgd", None, 3, ["adam"], np.array(["adam", "x"])])
def test_what_is_no_optimizer_is_refused(optimizer):
    with pytest.raises(InputError, match="optimizer must be one of 'adam', 'soap' or a function"):
        TorchVAE(2, optimizer=optimizer).fit(bits())


def test_a_function_must_give_an_optimizer():
    with pytest.raises(InputError, match=r"must return a torch\.optim\.Optimizer, got \["):
        make_optimizer(list, {"weight": torch.zeros(1)})


def test_an_optimizer_that_must_compute_the_loss_is_refused():
    with pytest.raises(InputError, match="LBFGS computes the loss several times a step"):
        TorchVAE(2, optimizer=torch.optim.LBFGS).fit(bits())


def test_gradients_may_be_views():
    weight = torch.zeros(3, 2)
    fused = TorchOptimizer([weight], torch.optim.Adam([weight], fused=True))
    fused.step([torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]).T], learning_rate=0.5)
    expected = [[-0.5, 0.5], [0.5, -0.5], [-0.5, 0.5]]
    torch.testing.assert_close(weight, torch.tensor(expected))


def test_a_state_is_loaded_by_its_own_optimizer_alone():
    weight = torch.zeros(2)

    def made(make, **options):
        return TorchOptimizer([weight], make([weight], lr=0.1, **options))

    kept = made(torch.optim.SGD, momentum=0.9)
    kept.step([torch.ones(2)], learning_rate=0.1)
    made(torch.optim.SGD, momentum=0.9).load_state(kept.state())
    for other in (made(torch.optim.SGD, momentum=0.1), made(torch.optim.Adam)):
        with pytest.raises(InputError, match=r"is of a fit by torch\.optim\.sgd\.SGD with"):
            other.load_state(kept.state())


def test_a_state_that_no_checkpoint_can_hold_is_refused():
    weight = torch.zeros(2)
    optimizer = torch.optim.SGD([weight])
    optimizer.param_groups[0]["rule"] = len
    with pytest.raises(InputError, match=r"cannot be kept in a checkpoint .*; fit without one"):
        TorchOptimizer([weight], optimizer).state()


# NAdam has a state in single precision, whatever its weights are in, that early steps feel.
@pytest.mark.parametrize(("setting", "break_after"), [("soap", EVERY + 7), (torch.optim.NAdam, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_loaded_goes_on_bit_for_bit(setting, break_after, dtype):
    generator = torch.Generator().manual_seed(0)
    slopes = [torch.randn((6, 5), generator=generator, dtype=dtype) for _ in range(4 * EVERY)]
    whole, resumed = torch.zeros(6, 5, dtype=dtype), torch.zeros(6, 5, dtype=dtype)
    first = make_optimizer(setting, {"weight": whole})
    for slope in slopes[:break_after]:
        first.step([slope], learning_rate=RATE)
    resumed.copy_(whole)
    second = make_optimizer(setting, {"weight": resumed})
    second.load_state(first.state())
    for slope in slopes[break_after:]:
        first.step([slope], learning_rate=RATE)
        second.step([slope], learning_rate=RATE)
    assert torch.equal(whole, resumed)


def test_other_weights_are_refused():
    with pytest.raises(InputError, match="made a SGD of other weights"):
        make_optimizer(
            lambda weights: torch.optim.SGD([w.clone() for w in weights]), {"w": torch.zeros(1)}
        )


def test_soap_that_diverges_says_so():
    with pytest.raises(FloatingPointError, match=r"the fit diverged .*; lower learning_rate"):
        TorchVAE(2, optimizer="soap", likelihood="gaussian", random_state=0).fit(1e30 * grey())


def test_the_textbook_form_has_adam_alone():
    with pytest.raises(InputError, match="got optimizer='soap'; give optimizer='adam' or steps="):
        PyroVAE(2, optimizer="soap", steps="textbook").fit(bits())
