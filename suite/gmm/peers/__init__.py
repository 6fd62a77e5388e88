"""Other packages' Gaussian mixtures under the suite's callback and starting values.

They need the extra "peers": pip install 'latent-variable-suite[peers]'. Importing this package
imports none of them; each adapter imports its own when it is imported itself.
"""
