"""The checks of autoencoders, variational and plain, by the suite's own evaluation."""

import numpy as np

from studies.contract.model import Check, Subject, expect, learned
from suite.evaluation import evaluate_vae, reconstruction_error
from suite.progress import Progress
from suite.registry import EstimatorSpec

_BOUND_NEARNESS = 1.0
"""Nats per datum by which an epoch's bound may miss the evaluation's on 64 rows of 12 bits: over
three standard errors of a bound with one draw of z, whose standard deviation is about 2 nats. A
sum over rows or a mean over pixels is more."""

_LONG = 30
_NETWORKS = ("encode", "decode", "log_likelihood", "as_input", "as_scored", "likelihood")


def network_subject(spec: EstimatorSpec) -> Subject:
    """64 rows of 12 bits, two groups of which switch together, and what a study sets."""
    random = np.random.default_rng(0)
    on = np.repeat(random.random((64, 2)) < 0.5, 6, axis=1)
    X = (random.random(on.shape) < np.where(on, 0.9, 0.1)).astype(np.float32)
    return Subject(
        spec=spec,
        X=X,
        settings={
            "latent_dim": 2,
            "hidden_dims": (8,),
            "batch_size": 16,
            "learning_rate": 1e-2,
            "random_state": 0,
            spec.steps_parameter: 3,
        },
        needed={
            "latent_dim": "the number of latent dimensions",
            spec.steps_parameter: "the largest number of epochs",
            "random_state": "the seed of weights, minibatches and noise",
        },
        output=lambda estimator, rows: np.asarray(estimator.transform(rows)),
    )


def _learns_networks(subject: Subject) -> None:
    fitted = subject.fitted()
    networks = learned(fitted, "networks_", "the trained networks")
    lacks = [name for name in _NETWORKS if not hasattr(networks, name)]
    expect(not lacks, f"networks_ is a {type(networks).__name__} without {', '.join(lacks)}")
    n_columns = learned(fitted, "n_features_in_", "the number of columns it was fitted to")
    expect(n_columns == subject.X.shape[1], f"n_features_in_ is {n_columns}")
    reconstruction_error(networks, subject.X)


def _shows_its_networks(subject: Subject) -> None:
    errors: list[float] = []

    def note(progress: Progress) -> None:
        errors.append(float(reconstruction_error(progress.state(), subject.X).mean()))

    fitted = subject.make()
    fitted.fit(subject.X, callback=note)
    expect(errors, "fit never calls the callback")
    last = float(reconstruction_error(fitted.networks_, subject.X).mean())
    expect(errors[-1] == last, "the networks at the last epoch are not those that fit keeps")


def _learns(subject: Subject) -> None:
    objectives: list[float] = []

    def note(progress: Progress) -> None:
        objectives.append(progress.objective)

    subject.make(**{subject.spec.steps_parameter: _LONG}).fit(subject.X, callback=note)
    expect(
        objectives[-1] > objectives[0],
        f"its objective goes from {objectives[0]:.4g} to {objectives[-1]:.4g} in "
        f"{len(objectives)} epochs, which is no better",
    )


def _reports_nats_per_datum(subject: Subject) -> None:
    fitted = subject.fitted(**{subject.spec.steps_parameter: _LONG})
    own = float(learned(fitted, "elbo_", "the bound of the last epoch, in nats per datum"))
    exact = evaluate_vae(fitted.networks_, subject.X, n_samples=100).mean_elbo
    expect(
        abs(own - exact) <= _BOUND_NEARNESS,
        f"its elbo_ is {own:.4g}, and the bound of its networks is {exact:.4g} nats per datum",
    )


def _scores_the_bound(subject: Subject) -> None:
    fitted = subject.fitted(**{subject.spec.steps_parameter: _LONG})
    scores = np.asarray(fitted.score_samples(subject.X))
    expect(scores.shape == (len(subject.X),), f"score_samples gives shape {scores.shape}")
    exact = evaluate_vae(fitted.networks_, subject.X, n_samples=100).mean_log_likelihood
    expect(
        abs(float(scores.mean()) - exact) <= _BOUND_NEARNESS,
        f"score_samples has a mean of {scores.mean():.4g}, and the importance-weighted bound of "
        f"its networks is {exact:.4g} nats per datum",
    )


def _codes_and_decodes(subject: Subject) -> None:
    fitted, X = subject.fitted(), subject.X
    codes = np.asarray(fitted.transform(X))
    expect(codes.shape == (len(X), 2), f"transform gives shape {codes.shape}")
    expect(
        np.asarray(fitted.inverse_transform(codes)).shape == X.shape,
        "inverse_transform gives back rows of another shape",
    )
    expect(
        np.allclose(fitted.reconstruct(X), fitted.inverse_transform(codes), atol=1e-5),
        "reconstruct(X) is not inverse_transform(transform(X))",
    )
    path = np.asarray(fitted.interpolate(X[0], X[1], 5))
    expect(path.shape == (5, X.shape[1]), f"interpolate(a, b, 5) gives shape {path.shape}")


def _draws(subject: Subject) -> None:
    fitted = subject.fitted()
    first, second = (np.asarray(fitted.sample(4, random_state=0)) for _ in range(2))
    expect(first.shape == (4, subject.X.shape[1]), f"sample(4) gives shape {first.shape}")
    expect(np.array_equal(first, second), "two samples with the same random_state differ")


AUTOENCODER = (
    Check(
        "learns networks that the evaluation can score",
        _learns_networks,
        "set self.networks_ to a suite.vae.VAENetworks (suite.vae.build_networks makes one)",
    ),
    Check(
        "shows the callback its networks at every epoch",
        _shows_its_networks,
        "give notify a function that returns the networks that are being trained",
    ),
    Check(
        "improves its objective",
        _learns,
        "look at the sign of the objective, which is to be maximised, and at the optimizer's step",
    ),
    Check(
        "codes, decodes and interpolates",
        _codes_and_decodes,
        "derive the class from suite.vae.TorchVAE, or give it transform (N, J), inverse_transform, "
        "reconstruct and interpolate(start, end, steps)",
    ),
    Check(
        "draws samples",
        _draws,
        "sample(n, *, random_state) decodes n draws of z from the prior to (n, D)",
    ),
)
"""Run after the common checks."""

VAE = (
    *AUTOENCODER,
    Check(
        "reports its bound in nats per datum",
        _reports_nats_per_datum,
        "report the mean over rows of log p(x | z) − KL, summed over features, as the objective, "
        "and keep the last one as elbo_",
    ),
    Check(
        "scores rows by the importance-weighted bound",
        _scores_the_bound,
        "score_samples gives suite.evaluation.evaluate_vae(self.networks_, X).log_likelihood",
    ),
)
"""Run after the common checks."""
