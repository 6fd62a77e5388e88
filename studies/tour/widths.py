"""The widths of the networks that the studies train, for drawing them."""

from dataclasses import dataclass

from studies.report.loaded import StudyResults


@dataclass(frozen=True)
class Widths:
    """Units in each layer.

    Parameters
    ----------
    features
        Pixels.
    hidden
        The encoder's hidden layers; the decoder's are the same in reverse.
    latent
        The code.
    """

    features: int
    hidden: tuple[int, ...]
    latent: int


def widths_of(results: StudyResults | None) -> Widths:
    """Those of a study's first data set; the estimators' own defaults where there is no study."""
    from suite.vae import TorchVAE

    settings = TorchVAE().__dict__
    features = 784
    if results is not None:
        dataset = results.datasets[0]
        settings = settings | results.settings(dataset, results.baseline)
        features = int(results.facts(dataset).get("n_features") or features)
    return Widths(features, tuple(settings["hidden_dims"]), int(settings["latent_dim"]))
