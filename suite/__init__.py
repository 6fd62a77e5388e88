"""A comparison suite for latent-variable models.

    suite.data        data sets: classic tables, MNIST and Fashion-MNIST, simulated mixtures, files
    suite.gmm         Gaussian mixtures: EM by hand, scikit-learn's EM, Pyro SVI; the Pyro model
    suite.vae         variational autoencoders by hand and with Pyro; a plain autoencoder
    suite.evaluation  exact log-likelihood, ELBO, importance-weighted bound, clustering scores
    suite.registry    the table of estimators
    suite.progress    the callback that every `fit` accepts

Log-likelihoods, ELBOs and divergences are in nats per datum, times are in seconds.
"""
