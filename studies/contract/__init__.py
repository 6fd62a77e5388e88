"""What an estimator must do to take part in a study, as checks that say in words what is wrong.

check_estimator   every check of a class's family, run on it
contract          the checks of a family, in order
subject           a class with small data and settings to check it on
"""

from collections.abc import Iterator

from studies.contract.common import COMMON
from studies.contract.mixture import MIXTURE, mixture_subject
from studies.contract.model import BrokenPromise, Check, Finding, Subject, found
from studies.contract.vae import AUTOENCODER, VAE, network_subject
from suite.registry import EstimatorSpec

__all__ = [
    "BrokenPromise",
    "Check",
    "Finding",
    "Subject",
    "check_estimator",
    "contract",
    "found",
    "subject",
]

_CONTRACTS = {
    "mixture": (mixture_subject, (*COMMON, *MIXTURE)),
    "vae": (network_subject, (*COMMON, *VAE)),
    "autoencoder": (network_subject, (*COMMON, *AUTOENCODER)),
}


def subject(spec: EstimatorSpec) -> Subject:
    """The class of `spec` with small data and settings of its family."""
    return _CONTRACTS[spec.family][0](spec)


def contract(family: str) -> tuple[Check, ...]:
    """The checks of a family ("mixture", "vae" or "autoencoder"), in the order they are run."""
    return _CONTRACTS[family][1]


def check_estimator(spec: EstimatorSpec) -> Iterator[Finding]:
    """Run every check of the family of `spec` on its class, giving each finding as it is made."""
    about = subject(spec)
    for check in contract(spec.family):
        yield found(check, about)
