"""Variational autoencoders as others train them, under the suite's networks, start and callback.

They are there to be timed: a conventional loop over a `DataLoader`, which needs nothing more, and
pythae's trainer, which needs the extra "peers": pip install 'latent-variable-suite[peers]'.
Importing this package imports none of them; each module imports its own.
"""
