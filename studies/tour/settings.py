"""What the tour measures with: every number a reader may wonder about, in one place."""

from dataclasses import dataclass

FALSE_ALARM = 1e-4
"""The probability with which a check by random draws fails although the formula holds."""


@dataclass(frozen=True)
class TourSettings:
    """The tour's measurements.

    Parameters
    ----------
    frames
        EM's iterations that are drawn; the last one is drawn beside them.
    bound_frames
        EM's iterations at which the bound is followed along the step to the next.
    hidden, epochs, learning_rate
        Of the small networks, 784 to `hidden` to 2, with tanh: smooth, so that integrals over the
        two-dimensional code can be done by quadrature to many digits.
    train_images
        Bundled training images that they are trained on, the first ones.
    images
        Test images that each line of the derivation is checked on, the first ones.
    grid_step
        Of the grid of codes that log p(x) is summed over.
    nodes
        Gauss-Hermite nodes a dimension, for means under q(z | x).
    draws
        Draws of z per image, where a line is checked by sampling.
    linear_images, linear_dim
        Training images and code dimensions of the linear-Gaussian model whose log p(x) is exact.
    seed
        Of all of it.
    """

    frames: tuple[int, ...] = (0, 1, 2, 3, 5, 10)
    bound_frames: tuple[int, ...] = (1, 3, 6)
    hidden: int = 128
    epochs: int = 15
    learning_rate: float = 3e-3
    train_images: int = 10_000
    images: int = 24
    grid_step: float = 0.02
    nodes: int = 60
    draws: int = 5000
    linear_images: int = 2000
    linear_dim: int = 10
    seed: int = 0
