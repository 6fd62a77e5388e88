"""How much worse a VAE scores data that it was not trained on."""

import math
from dataclasses import dataclass

from suite.errors import InputError
from suite.evaluation.bounds import VAEEvaluation


@dataclass(frozen=True)
class TrainTestGap:
    """Training minus test scores of one model, in nats per datum: above 0 where it overfits.

    Parameters
    ----------
    elbo, log_likelihood
        Differences of the mean bounds.
    elbo_standard_error, log_likelihood_standard_error
        How far they would move with other test data and other training data of the same size, the
        model being the same: √(se² + se²), for the two samples are independent.
    """

    elbo: float
    elbo_standard_error: float
    log_likelihood: float
    log_likelihood_standard_error: float


def train_test_gap(train: VAEEvaluation, test: VAEEvaluation) -> TrainTestGap:
    """The gap between two evaluations of one model, by `evaluate_vae` with equal `n_samples`.

    Parameters
    ----------
    train
        The evaluation on training data; a random part of them will do.
    test
        The one on held-out data.

    Raises
    ------
    InputError
        If the two differ in likelihood or in `n_samples`, on which the bound depends.

    Examples
    --------
    >>> import numpy as np
    >>> from suite.evaluation import evaluate_vae
    >>> from suite.vae import TorchVAE
    >>> X = (np.random.default_rng(0).random((40, 9)) < 0.5).astype(float)
    >>> vae = TorchVAE(2, max_epochs=300, batch_size=10, random_state=0).fit(X[:20])
    >>> scores = [evaluate_vae(vae.networks_, part) for part in (X[:20], X[20:])]
    >>> train_test_gap(*scores).elbo > 1
    True
    """
    for name in ("likelihood", "n_samples"):
        first, second = getattr(train, name), getattr(test, name)
        if first != second:
            raise InputError(
                f"train and test must be scored alike, got {name} {first!r} and {second!r}; "
                "evaluate both with the same settings."
            )
    return TrainTestGap(
        elbo=train.mean_elbo - test.mean_elbo,
        elbo_standard_error=math.hypot(train.elbo_standard_error, test.elbo_standard_error),
        log_likelihood=train.mean_log_likelihood - test.mean_log_likelihood,
        log_likelihood_standard_error=math.hypot(train.standard_error, test.standard_error),
    )
