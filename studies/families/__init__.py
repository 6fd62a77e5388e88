"""What a study does differently for each family of estimators, as a table of functions."""

from studies.families.base import Evaluation, Family
from studies.families.mixture import MIXTURE
from studies.families.vae import AUTOENCODER, VAE

FAMILIES: dict[str, Family] = {"mixture": MIXTURE, "vae": VAE, "autoencoder": AUTOENCODER}
"""By the `family` of an estimator's registration."""

__all__ = ["FAMILIES", "Evaluation", "Family"]
