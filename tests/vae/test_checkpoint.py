"""An interrupted fit that goes on ends with the weights, bit for bit, of one that never stopped."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from sklearn.base import clone

from suite.errors import InputError
from suite.vae import Autoencoder, PyroVAE, TorchVAE, files
from tests.vae.toys import bits, grey

SETTINGS = {"hidden_dims": (8,), "batch_size": 25, "max_epochs": 6, "learning_rate": 0.01}
VAE_SETTINGS = {"objective": "importance-weighted", "n_particles": 2, "kl_warm_up": 4}
EVERY = {
    "by hand": TorchVAE(3, random_state=0, schedule="cosine", **SETTINGS, **VAE_SETTINGS),
    "by hand, stopping early": TorchVAE(3, random_state=0, patience=2, **SETTINGS),
    "by hand, no seed": TorchVAE(3, patience=5, **SETTINGS),
    "by hand, averaged": TorchVAE(3, random_state=0, average=0.9, patience=3, **SETTINGS),
    "Pyro's textbook, averaged": PyroVAE(
        3, random_state=0, average=0.9, steps="textbook", **SETTINGS
    ),
    "by hand, SOAP": TorchVAE(3, random_state=0, optimizer="soap", average=0.9, **SETTINGS),
    "an optimizer of one's own": Autoencoder(
        3, random_state=0, optimizer=torch.optim.Adagrad, likelihood="bernoulli-grey", **SETTINGS
    ),
    "with Pyro": PyroVAE(3, random_state=0, schedule=[(3, 0.1)], **SETTINGS, **VAE_SETTINGS),
    "Pyro's textbook": PyroVAE(3, random_state=0, steps="textbook", **SETTINGS),
    "autoencoder": Autoencoder(3, random_state=0, likelihood="continuous-bernoulli", **SETTINGS),
}


class Interrupted(Exception):
    pass


def interrupt_in(epoch):
    def callback(progress):
        if progress.step == epoch:
            raise Interrupted

    return callback


def assert_same(found, expected):
    assert found.objectives_ == expected.objectives_
    assert found.held_out_scores_ == expected.held_out_scores_
    assert found.best_epoch_ == expected.best_epoch_
    for mine, theirs in ((found.networks_.state_dict(), expected.networks_.state_dict()),
                         (found.initial_, expected.initial_)):  # fmt: skip
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("name", [name for name in EVERY if "no seed" not in name])
@pytest.mark.parametrize("every", [1, 2])
def test_going_on_equals_never_stopping(name, every, tmp_path):
    estimator, path = EVERY[name], tmp_path / "fit.checkpoint"
    interrupted = clone(estimator)
    with pytest.raises(Interrupted):
        interrupted.fit(grey(), callback=interrupt_in(5), checkpoint=path, checkpoint_every=every)
    assert not hasattr(interrupted, "networks_")
    steps = []
    resumed = clone(estimator).fit(
        grey(), callback=lambda p: steps.append(p.step), checkpoint=path, checkpoint_every=every
    )
    assert steps[0] == 5, "epochs 1 to 4 were kept"
    assert_same(resumed, clone(estimator).fit(grey()))


def test_a_fit_without_a_seed_goes_on_with_the_streams_it_had(tmp_path):
    path, copy = tmp_path / "fit", tmp_path / "copy"
    estimator = EVERY["by hand, no seed"]
    with pytest.raises(Interrupted):
        clone(estimator).fit(grey(), callback=interrupt_in(4), checkpoint=path)
    copy.write_bytes(path.read_bytes())
    first, second = (clone(estimator).fit(grey(), checkpoint=p) for p in (path, copy))
    assert_same(first, second)


def test_a_checkpoint_changes_no_number(tmp_path):
    estimator = EVERY["by hand"]
    with_one = clone(estimator).fit(grey(), checkpoint=tmp_path / "fit")
    assert_same(with_one, clone(estimator).fit(grey()))
    assert [path.name for path in tmp_path.iterdir()] == ["fit"]


def test_a_finished_fit_is_read_back_and_may_be_extended(tmp_path):
    path = tmp_path / "fit"
    short = TorchVAE(3, random_state=0, **SETTINGS).fit(grey(), checkpoint=path)
    steps = []
    again = clone(short).fit(grey(), callback=lambda p: steps.append(p.step), checkpoint=path)
    assert steps == []
    assert_same(again, short)
    longer = clone(short).set_params(max_epochs=9)
    assert_same(clone(longer).fit(grey(), checkpoint=path), clone(longer).fit(grey()))


def test_a_fit_that_the_callback_stopped_goes_on(tmp_path):
    path = tmp_path / "fit"
    estimator = EVERY["by hand"]
    clone(estimator).fit(
        grey(), callback=lambda p: p.step == 3, checkpoint=path, checkpoint_every=100
    )
    assert_same(clone(estimator).fit(grey(), checkpoint=path), clone(estimator).fit(grey()))


@pytest.mark.parametrize(
    ("settings", "X", "message"),
    [
        ({"batch_size": 30}, grey(), "batch_size=25, this one has batch_size=30"),
        ({"random_state": 1}, grey(), "random_state=0, this one has random_state=1"),
        ({"schedule": "cosine"}, grey(), "is of a fit with"),
        ({}, bits(), "data="),
    ],
)
def test_another_fits_checkpoint_is_refused_and_kept(settings, X, message, tmp_path):
    path = tmp_path / "fit"
    estimator = TorchVAE(3, random_state=0, **SETTINGS).fit(grey(), checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        clone(estimator).set_params(**settings).fit(X, checkpoint=path)
    assert path.read_bytes() == before


def test_the_length_of_a_cosine_is_part_of_the_fit(tmp_path):
    estimator = EVERY["by hand"]
    clone(estimator).fit(grey(), checkpoint=tmp_path / "fit")
    with pytest.raises(InputError, match="max_epochs=6, this one has max_epochs=7"):
        clone(estimator).set_params(max_epochs=7).fit(grey(), checkpoint=tmp_path / "fit")


def test_what_is_no_checkpoint_is_refused(tmp_path):
    estimator = TorchVAE(3, random_state=0, **SETTINGS)
    path = tmp_path / "fit"
    estimator.fit(grey()).save(path)
    with pytest.raises(InputError, match="no checkpoint of a fit"):
        estimator.fit(grey(), checkpoint=path)
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(InputError, match="no checkpoint of a fit"):
        estimator.fit(grey(), checkpoint=path)
    with pytest.raises(InputError, match=r"no folder .*missing.* make it first"):
        estimator.fit(grey(), checkpoint=tmp_path / "missing" / "fit")
    with pytest.raises(InputError, match="checkpoint_every must be an integer of at least 1"):
        estimator.fit(grey(), checkpoint=tmp_path / "new", checkpoint_every=0)


def test_a_failing_write_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    path = tmp_path / "fit"
    estimator = EVERY["by hand"]
    whole = files.save_file

    def full_disk(tensors, target, metadata):
        whole(tensors, target, metadata)
        with open(target, "r+b") as half:
            half.truncate(100)
        raise OSError("No space left on device")

    def callback(progress):
        if progress.step == 3:
            monkeypatch.setattr(files, "save_file", full_disk)

    with pytest.raises(OSError, match="No space left"):
        clone(estimator).fit(grey(), callback=callback, checkpoint=path)
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["fit"]
    assert_same(clone(estimator).fit(grey(), checkpoint=path), clone(estimator).fit(grey()))


def test_a_killed_process_leaves_a_checkpoint_to_go_on_from(tmp_path):
    path = tmp_path / "fit"
    program = (
        "import torch; torch.set_num_threads(1)\n"
        "from tests.vae.test_checkpoint import EVERY, grey\n"
        "estimator = EVERY['by hand'].set_params(max_epochs=100_000, schedule='constant')\n"
        f"estimator.fit(grey(), checkpoint={str(path)!r})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    try:
        give_up = time.monotonic() + 120
        while not path.exists() and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.05)
        time.sleep(0.2)  # amid the writing of some later one
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL, "it was still at it"
    kept = clone(EVERY["by hand"]).set_params(schedule="constant", max_epochs=1)
    done = clone(kept).fit(grey(), checkpoint=path).n_epochs_
    assert done >= 1
    kept.set_params(max_epochs=done + 3)
    assert_same(clone(kept).fit(grey(), checkpoint=path), clone(kept).fit(grey()))
