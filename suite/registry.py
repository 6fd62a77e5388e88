"""The table of estimators: a new one is one file and one line here.

Those of other packages need no line: `suite.third_party` finds them. Nothing is imported until it
is asked for, so that listing the names stays fast.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from suite.errors import InputError

Family = Literal["mixture", "vae", "autoencoder"]
Step = Literal["iteration", "step", "epoch"]


class UnavailableError(InputError):
    """An estimator of an optional extra that is not installed."""


@dataclass(frozen=True)
class EstimatorSpec:
    """One estimator as the studies know it.

    Parameters
    ----------
    name
        What a study file calls it.
    path
        Where it is defined, as "module:Class".
    family
        Which evaluation applies to it.
    label
        What tables and figures call it.
    step
        What one call of its progress callback counts.
    steps_parameter
        The constructor parameter that holds the largest number of steps.
    extra
        The optional dependencies it needs, by the name of the extra; None for those that come
        with the suite.
    """

    name: str
    path: str
    family: Family
    label: str
    step: Step
    steps_parameter: str
    extra: str | None = None

    def load(self) -> type[Any]:
        """The estimator's class, imported now.

        Raises
        ------
        UnavailableError
            If it needs an extra that is not installed.
        """
        module, _, attribute = self.path.partition(":")
        try:
            loaded: type[Any] = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if self.extra is None:
                raise
            raise UnavailableError(
                f"{self.label} needs the package {error.name}, which is not installed: "
                f"pip install 'latent-variable-suite[{self.extra}]'."
            ) from error
        return loaded


_SPECS = (
    EstimatorSpec(
        "em", "suite.gmm:EMGaussianMixture", "mixture", "EM (by hand)", "iteration", "max_iter"
    ),
    EstimatorSpec(
        "sklearn",
        "suite.gmm:SklearnGaussianMixture",
        "mixture",
        "EM (scikit-learn)",
        "iteration",
        "max_iter",
    ),
    EstimatorSpec(
        "svi", "suite.gmm:SVIGaussianMixture", "mixture", "SVI (Pyro)", "step", "max_iter"
    ),
    EstimatorSpec(
        "numpyro-svi",
        "suite.gmm.numpyro_svi:NumPyroGaussianMixture",
        "mixture",
        "SVI (NumPyro)",
        "step",
        "max_iter",
        extra="numpyro",
    ),
    EstimatorSpec(
        "pomegranate",
        "suite.gmm.peers.pomegranate:PomegranateGaussianMixture",
        "mixture",
        "EM (pomegranate)",
        "iteration",
        "max_iter",
        extra="peers",
    ),
    EstimatorSpec(
        "torchgmm",
        "suite.gmm.peers.torchgmm:TorchgmmGaussianMixture",
        "mixture",
        "EM (torchgmm)",
        "iteration",
        "max_iter",
        extra="peers",
    ),
    EstimatorSpec("torch-vae", "suite.vae:TorchVAE", "vae", "VAE (by hand)", "epoch", "max_epochs"),
    EstimatorSpec("pyro-vae", "suite.vae:PyroVAE", "vae", "VAE (Pyro)", "epoch", "max_epochs"),
    EstimatorSpec(
        "numpyro-vae",
        "suite.vae.numpyro_vae:NumPyroVAE",
        "vae",
        "VAE (NumPyro)",
        "epoch",
        "max_epochs",
        extra="numpyro",
    ),
    EstimatorSpec(
        "dataloader-vae",
        "suite.vae.peers.dataloader:DataLoaderVAE",
        "vae",
        "VAE (DataLoader loop)",
        "epoch",
        "max_epochs",
    ),
    EstimatorSpec(
        "pythae-vae",
        "suite.vae.peers.pythae:PythaeVAE",
        "vae",
        "VAE (pythae)",
        "epoch",
        "max_epochs",
        extra="peers",
    ),
    EstimatorSpec(
        "autoencoder", "suite.vae:Autoencoder", "autoencoder", "Autoencoder", "epoch", "max_epochs"
    ),
    EstimatorSpec(
        "autoencoder-mixture",
        "suite.vae:AutoencoderWithMixture",
        "autoencoder",
        "Autoencoder with mixture",
        "epoch",
        "max_epochs",
    ),
)

ESTIMATORS: dict[str, EstimatorSpec] = {spec.name: spec for spec in _SPECS}
"""Every registered estimator by name."""


def estimator_spec(name: str) -> EstimatorSpec:
    """The estimator called `name`: a registered one, an installed package's, or "module:Class".

    The suite's own names come first; what an installed package announces under one of them is
    reached as "module:Class".

    Raises
    ------
    InputError
        If there is none, or it cannot be imported; the message lists the names.

    Examples
    --------
    >>> estimator_spec("em").label
    'EM (by hand)'
    >>> estimator_spec("suite.gmm.em:EMGaussianMixture").family
    'mixture'
    """
    if name in ESTIMATORS:
        return ESTIMATORS[name]
    from suite.third_party import installed_spec, outside_spec

    if ":" in name:
        return outside_spec(name)
    found = installed_spec(name)
    if found is None:
        raise InputError(
            f"unknown estimator {name!r}; known: {', '.join(estimator_names())}; "
            "or name a class as module:Class."
        )
    return found


def estimator_names() -> tuple[str, ...]:
    """Every name that `estimator_spec` knows: the suite's, then those of installed packages."""
    from suite.third_party import installed_names

    return (*ESTIMATORS, *(name for name in installed_names() if name not in ESTIMATORS))
