"""The tour: an article on expectation maximisation and the VAE, made by the program."""
