"""A comparison suite for latent-variable models: Gaussian mixtures and variational autoencoders.

    suite.data        data sets: classic tables, MNIST and Fashion-MNIST, simulated mixtures, files
    suite.gmm         Gaussian mixtures: EM by hand, scikit-learn's EM, Pyro SVI; the Pyro model
    suite.vae         variational autoencoders by hand and with Pyro; autoencoders; the Pyro model
    suite.evaluation  exact log-likelihood, ELBO, importance-weighted bound, AIS, gaps, comparisons
    suite.registry    the table of estimators
    suite.progress    the callback that every `fit` accepts
    suite.objective   how an estimator of one's own says its bound and gradient at given parameters
    suite.errors      `InputError`, which every mistake of a user raises

`help(suite.gmm)` and so on list what is in each. Log-likelihoods, ELBOs and divergences are in nats
per datum with all constants, on the scale of the data as given; times are in seconds. Estimators
follow scikit-learn's conventions: settings go into the constructor, `fit` learns, learned names end
in an underscore, `random_state` is the only source of chance.

A mixture of one's own rows, by EM, scored on rows that it has not seen:

>>> from suite.data import load
>>> from suite.gmm import EMGaussianMixture
>>> iris = load("iris")
>>> mixture = EMGaussianMixture(3, n_init=5, random_state=0).fit(iris.train)
>>> mixture.predict(iris.test).shape, mixture.score(iris.test) < mixture.score(iris.train)
((38,), True)

A variational autoencoder of images as bits, and new images drawn from it:

>>> from suite.vae import TorchVAE
>>> bits = load("mnist", bundled=True, bits="fixed", limit=200)
>>> vae = TorchVAE(2, hidden_dims=(50,), max_epochs=2, random_state=0).fit(bits.train)
>>> vae.transform(bits.test).shape, vae.sample(3, random_state=0).shape
((40, 2), (3, 784))

What was learned, scored by the same code for every estimator:

>>> from suite.evaluation import evaluate_vae, mixture_log_likelihood
>>> from suite.gmm import MixtureParameters
>>> learned = MixtureParameters(mixture.weights_, mixture.means_, mixture.covariances_)
>>> bool(abs(mixture_log_likelihood(learned, iris.test).mean() - mixture.score(iris.test)) < 1e-9)
True
>>> scores = evaluate_vae(vae.networks_, bits.test, n_samples=20)
>>> scores.mean_elbo < scores.mean_log_likelihood
True
"""
