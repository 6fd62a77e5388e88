"""The small networks of the tour, trained on bundled images: a VAE and two autoencoders."""

from dataclasses import dataclass

import numpy as np
import torch

from studies.tour.settings import TourSettings
from studies.tour.store import Measured
from suite.data import Dataset, load
from suite.vae import Autoencoder, AutoencoderWithMixture, TorchVAE

_SHOWN, _DRAWN, _SIDE = 10, 64, 15
_REACH = 2.4477  # √χ²₂(0.95): the circle that holds 95% of N(0, I) in the plane


@dataclass(frozen=True, eq=False)
class Trained:
    """The images and what was fitted to them."""

    images: Dataset
    vae: TorchVAE
    autoencoder: AutoencoderWithMixture


def train(settings: TourSettings) -> Trained:
    """Fit both to the same images, with two-dimensional codes, in float64."""
    images = load("mnist", bundled=True, bits="redrawn")
    X = images.train[: settings.train_images].astype(np.float64)
    vae = TorchVAE(
        2,
        hidden_dims=(settings.hidden,),
        activation="tanh",
        max_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        schedule="cosine",
        random_state=settings.seed,
        dtype="float64",
    )
    autoencoder = AutoencoderWithMixture(
        2,
        hidden_dims=(settings.hidden,),
        activation="tanh",
        max_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        schedule="cosine",
        random_state=settings.seed,
    )
    return Trained(images, vae.fit(X), autoencoder.fit(X.astype(np.float32)))


def measure_networks(trained: Trained, settings: TourSettings) -> Measured:
    """Codes, reconstructions and what each decoder makes of draws."""
    images, vae, autoencoder = trained.images, trained.vae, trained.autoencoder
    shown = images.test[:_SHOWN]
    mixture = autoencoder.code_mixture_
    found = {"vae": vae.transform(images.test), "ae": autoencoder.transform(images.test)}
    arrays = {
        "tour_originals": _bytes(shown),
        "tour_vae_reconstructions": _bytes(vae.reconstruct(shown)),
        "tour_ae_reconstructions": _bytes(autoencoder.reconstruct(shown)),
        "tour_vae_samples": _bytes(vae.sample(_DRAWN, random_state=settings.seed)),
        "tour_ae_samples": _bytes(
            Autoencoder.sample(autoencoder, _DRAWN, random_state=settings.seed)
        ),
        "tour_mixture_samples": _bytes(autoencoder.sample(_DRAWN, random_state=settings.seed)),
        "tour_vae_codes": found["vae"].astype(np.float32),
        "tour_ae_codes": found["ae"].astype(np.float32),
        "tour_labels": np.asarray(images.test_labels, dtype=np.int16),
        "tour_mixture_weights": mixture.weights,
        "tour_mixture_means": mixture.means,
        "tour_mixture_covariances": mixture.full_covariances(),
        "tour_manifold": _bytes(vae.inverse_transform(_quantiles(_SIDE))),
    }
    values = {
        "tour_train_images": min(settings.train_images, len(images.train)),
        "tour_test_images": len(images.test),
        "tour_hidden": settings.hidden,
        "tour_epochs": settings.epochs,
        "tour_vae_elbo": vae.elbo(images.test, n_samples=20, random_state=settings.seed),
        "tour_mixture_components": mixture.n_components,
    }
    for name, codes in found.items():
        values |= {f"tour_{name}_{key}": value for key, value in _placement(codes).items()}
    return Measured(arrays, {name: float(value) for name, value in values.items()})


def _placement(codes: np.ndarray) -> dict[str, float]:
    """How the codes lie against N(0, I): their spreads, and how many are within its circle."""
    centred = codes.astype(np.float64)
    mean, covariance = centred.mean(0), np.cov(centred.T)
    variances = np.linalg.eigvalsh(covariance)
    kl = 0.5 * float((variances - 1 - np.log(variances)).sum() + mean @ mean)
    return {
        "narrow": float(np.sqrt(variances[0])),
        "wide": float(np.sqrt(variances[-1])),
        "inside": float((np.square(centred).sum(1) <= _REACH**2).mean()),
        "moment_kl": kl,
    }


def _quantiles(side: int) -> np.ndarray:
    """Codes at normal quantiles, the top row the largest second coordinate: (side², 2)."""
    places = torch.special.ndtri((torch.arange(1, side + 1, dtype=torch.float64) - 0.5) / side)
    first, second = np.meshgrid(places.numpy(), places.numpy()[::-1])
    return np.stack([first.ravel(), second.ravel()], axis=1)


def _bytes(images: np.ndarray) -> np.ndarray:
    return np.round(np.clip(np.asarray(images), 0, 1) * 255).astype(np.uint8)
