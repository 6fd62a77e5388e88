"""Part 5: the variational autoencoder, and its loss derived and checked line by line."""

from functools import partial

from studies.report.model import Block, Figure, Section, Text
from studies.tour.figures.drawings import draw_vae
from studies.tour.figures.pictures import draw_manifold, draw_posteriors
from studies.tour.tour import Tour, checks_table, told
from studies.tour.widths import Widths, widths_of

PART = "vae"

LINES = (
    ("grid", r"(1) $\log p(x) = \log \int p(x \mid z) p(z) dz$, two step sizes"),
    ("importance", r"(1) $\mathbb{E}_q[w] / p(x) = 1$"),
    ("identity", r"(2) $\log p(x) = \mathrm{ELBO} + \mathrm{KL}(q \parallel p(z \mid x))$"),
    ("jensen", r"(2) $\mathrm{ELBO} \le \log p(x)$"),
    ("linear-identity", r"(2) the same, linear decoder, everything in closed form"),
    ("linear-tight", r"(2) $\log w = \log p(x)$ where $q$ is the exact posterior"),
    ("linear-below", r"(2) $\mathrm{ELBO} \le \log p(x)$, linear decoder, spoilt $q$"),
    (
        "split",
        r"(3) $\mathbb{E}_q \log \frac{p(x,z)}{q(z)} = \mathbb{E}_q \log p(x \mid z) - "
        r"\mathrm{KL}(q \parallel p(z))$",
    ),
    ("kl", r"(4) the code's KL is the closed form"),
    ("kl-sampled", r"(4) the code's KL is $\mathbb{E}_q \log \frac{q(z)}{p(z)}$"),
    ("reparameterisation-loc", r"(5) derivative in $\mu_1$"),
    ("reparameterisation-scale", r"(5) derivative in $\sigma_1$"),
    ("bernoulli", r"(6) the code's $\log p(x \mid z)$ is the Bernoulli's"),
    ("loss", r"(7) the code's loss is the formula's"),
    ("loss-average", r"(7) the loss is $-\mathrm{ELBO}$ on average"),
    ("loss-pyro", r"(7) Pyro's loss is the code's"),
    ("gradient-pyro", r"(7) Pyro's gradient is the code's"),
)


def vae_section(tour: Tour) -> Section:
    """Structure, the prior's part, the derivation and what the gap looks like."""
    widths = widths_of(tour.others["vae-mnist"])
    blocks = (
        *_model(tour, widths),
        *_how_checked(tour),
        *_bound(tour),
        *_terms(tour),
        *_gradient(tour),
        *_loss(tour),
        checks_table(tour, PART, LINES),
        *_seen(tour),
    )
    return Section("vae", "5. The variational autoencoder", blocks)


def _model(tour: Tour, widths: Widths) -> list[Block]:
    hidden = " and ".join(f"{w:,}" for w in widths.hidden)
    return [
        Text(
            "The **variational autoencoder** (Kingma and Welling, 2014; Rezende, Mohamed and "
            "Wierstra, 2014) begins at the other end. It is a latent-variable model, like the "
            "mixture of part 1, in which the latent variable is continuous, a code is drawn from a "
            "standard normal, and the decoder says how the image is drawn from the code:"
        ),
        Text(
            r"$$ p(z) = \mathcal{N}(z \mid 0, I), \qquad p_\theta(x \mid z) = \prod_{d=1}^{D} "
            r"f_\theta(z)_d^{x_d}  (1 - f_\theta(z)_d)^{1 - x_d}. $$"
        ),
        Text(
            "So the restriction of the codes to a standard normal is not an addition to the "
            "autoencoder: it is the *prior*, the first half of the model, and drawing from it is "
            "what generating means. What is missing is the E-step. The posterior "
            r"$p_\theta(z \mid x)$ has no closed form, since its normaliser is the integral that "
            "part 1 despaired of. So it is replaced, as part 3 allows, by a normal distribution "
            "whose mean and spread an encoder computes, one for each coordinate of the code:"
        ),
        Text(
            r"$$ q_\phi(z \mid x) = \mathcal{N} \left( z \mid \mu_\phi(x),  "
            r"\mathrm{diag}(\sigma_\phi(x)^2) \right). $$"
        ),
        Figure(
            name="vae",
            alt=f"A network: {widths.features} pixels, {hidden} hidden units, two heads of "
            f"{widths.latent} units for mean and spread, a node where noise is added, "
            f"{widths.latent} code units, {hidden} hidden, {widths.features} pixel probabilities.",
            caption="The variational autoencoder of the studies. It differs from the autoencoder "
            "in two things: the encoder has two heads, and between them and the code stands a "
            "node at which noise enters. Everything but that node is deterministic.",
            draw=partial(draw_vae, widths.features, widths.hidden, widths.latent),
        ),
        Text(
            "This is amortised variational inference (part 3) in a model without an M-step in "
            r"closed form. Both $\theta$ and $\phi$ climb the ELBO by gradient. What remains is to "
            "turn the ELBO into a number that a program can differentiate."
        ),
    ]


def _how_checked(tour: Tour) -> list[Block]:
    images = tour.whole("images", "test images that the derivation is checked on")
    places = tour.whole("grid_places", "codes of the grid that log p(x) is summed over")
    nodes = tour.whole("nodes", "Gauss-Hermite nodes in the plane")
    return [
        Text(
            "**The derivation, with its receipts.** Each line below has been computed twice, by "
            "ways that share no code: once as the library computes it and once from the formula, "
            f"on {images} test images of MNIST and the small VAE of part 4. Its code has two "
            "dimensions and its networks are smooth, so that the integral over codes, hopeless in "
            f"general, can be done here: as a sum over a grid of {places} codes. Means under $q$ "
            f"are taken by Gauss-Hermite quadrature with {nodes} nodes. Behind each check stands "
            "how far the two sides may be apart and why. All are repeated in the table at the end."
        ),
    ]


def _bound(tour: Tour) -> list[Block]:
    log_p = tour.decimal("log_p", 2, "mean log p(x) by the grid, nats per datum")
    elbo = tour.decimal("elbo", 2, "mean ELBO by quadrature, nats per datum")
    dim = tour.whole("linear_dim", "code dimensions of the linear-Gaussian model")
    shift = tour.decimal("linear_shift", 1, "by which the spoilt encoder's means are off")
    stretch = tour.decimal("linear_stretch", 1, "by which its spreads are too large, times")
    loss = tour.decimal("linear_kl", 2, "what that costs, nats per datum")
    return [
        Text("**(1) What should be maximised** is the log of an integral over all codes,"),
        Text(
            r"$$ \log p_\theta(x) = \log \int p_\theta(x \mid z) p(z) dz = \log "
            r"\mathbb{E}_{q_\phi(z \mid x)} [w], \qquad w = \frac{p_\theta(x \mid z) p(z)}"
            r"{q_\phi(z \mid x)}. $$"
        ),
        Text(
            "The second form multiplies and divides by $q$: draws of the encoder, weighted. Here "
            "is the integral on the grid, with its step and with twice the step; and the mean "
            "weight of draws, which should be the integral."
        ),
        told(tour, PART, "grid", "importance"),
        Text("**(2) The bound.** Part 3's identity, or Jensen's inequality applied to (1), gives"),
        Text(
            r"$$ \log p_\theta(x) = \mathbb{E}_{q_\phi} [\log w] + \mathrm{KL}(q_\phi(z \mid x) "
            r"\parallel p_\theta(z \mid x)) \ge \mathbb{E}_{q_\phi} [\log w] = "
            r"\mathrm{ELBO}. $$"
        ),
        Text(
            f"For the small VAE, log p(x) is {log_p} and the ELBO {elbo} nats per datum. The "
            "divergence is summed over the grid, from the exact posterior there, whose normaliser "
            "is p(x); the ELBO is computed without either, by quadrature and line (4)."
        ),
        told(tour, PART, "identity", "jensen"),
        Text(
            "There is one decoder for which the identity needs no quadrature: a linear one with "
            r"Gaussian noise, $x = W z + b + \text{noise}$, which is probabilistic principal "
            "component analysis (Tipping and Bishop, 1999). Its log p(x), its posterior and its "
            f"ELBO all have closed forms. Fitted to grey images with {dim} code dimensions, and "
            f"with an encoder spoilt on purpose (means off by {shift}, spreads {stretch} times too "
            f"large, which costs {loss} nats):"
        ),
        told(tour, PART, "linear-identity", "linear-below"),
        Text(
            "With the right encoder, $q$ *is* the posterior, and $w$ is $p(x)$ for every single "
            "draw, without any scatter. This is EM's E-step inside a variational autoencoder:"
        ),
        told(tour, PART, "linear-tight"),
    ]


def _terms(tour: Tour) -> list[Block]:
    expected = tour.decimal("expected_log_likelihood", 2, "mean E_q[log p(x | z)], nats per datum")
    rate = tour.decimal("rate", 2, "mean KL(q || p(z)), nats per datum")
    return [
        Text("**(3) Two terms.** The logarithm of a product is a sum:"),
        Text(
            r"$$ \mathrm{ELBO} = \underbrace{\mathbb{E}_{q_\phi} [\log p_\theta(x \mid z)]}"
            r"_{-\text{distortion}} - \underbrace{\mathrm{KL}(q_\phi(z \mid x) \parallel p(z))}"
            r"_{\text{rate}}. $$"
        ),
        Text(
            "The first is the autoencoder's objective of part 4, averaged over noisy codes. The "
            "second is new, and it is where the restriction acts: it charges every image for how "
            "far its $q$ is from the prior. Where the autoencoder was free to scatter codes over "
            f"the plane, each nat of distance is now paid for. Here the terms are {expected} and "
            f"{rate} nats."
        ),
        told(tour, PART, "split"),
        Text("**(4) The rate in closed form.** Both distributions are normal, and"),
        Text(
            r"$$ \mathrm{KL}(q_\phi(z \mid x) \parallel p(z)) = \frac{1}{2} \sum_{j=1}^{J} \left( "
            r"\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right). $$"
        ),
        Text(
            r"To see it, write $\log q - \log p$ at $z_j = \mu_j + \sigma_j \varepsilon_j$: it is "
            r"$\frac{1}{2} (z_j^2 - \varepsilon_j^2 - \log \sigma_j^2)$, and the means of $z_j^2$ "
            r"and $\varepsilon_j^2$ are $\mu_j^2 + \sigma_j^2$ and 1. Against the library's "
            "function stand the formula and an average over draws:"
        ),
        told(tour, PART, "kl", "kl-sampled"),
    ]


def _gradient(tour: Tour) -> list[Block]:
    return [
        Text(
            "**(5) The gradient through the draw.** The distortion is a mean under $q_\\phi$, and "
            r"$\phi$ stands in the distribution that is averaged over: a draw $z$ as such has no "
            "derivative in it. The *reparameterisation* moves the randomness out of the way. With "
            r"$z = \mu + \sigma \odot \varepsilon$ and $\varepsilon \sim \mathcal{N}(0, I)$,"
        ),
        Text(
            r"$$ \nabla_\phi \int q_\phi(z \mid x) \log p_\theta(x \mid z) dz = "
            r"\mathbb{E}_{\varepsilon} \left[ \nabla_\phi \log p_\theta(x \mid \mu_\phi(x) + "
            r"\sigma_\phi(x) \odot \varepsilon) \right]. $$"
        ),
        Text(
            "It is the noise node of the drawing: on either side of it everything is "
            "differentiable. Checked by two ways of differentiating: the right side by automatic "
            "differentiation through the code, the left by moving the density in the integral over "
            "the grid a little to either side."
        ),
        told(tour, PART, "reparameterisation-loc", "reparameterisation-scale"),
    ]


def _loss(tour: Tour) -> list[Block]:
    return [
        Text(
            "**(6) The distortion of bits.** The decoder's last layer gives logits $l_d$, with "
            r"$f_d = 1 / (1 + e^{-l_d})$; the logarithm of the Bernoulli probability is then"
        ),
        Text(
            r"$$ \log p_\theta(x \mid z) = \sum_{d=1}^{D} \left[ x_d \log f_d + (1 - x_d) \log (1 "
            r"- f_d) \right] = \sum_{d=1}^{D} \left[ x_d l_d - \log (1 + e^{l_d}) \right], $$"
        ),
        Text("of which the second form, the code's, never takes the logarithm of a rounded 0."),
        told(tour, PART, "bernoulli"),
        Text(
            "**(7) The loss.** One draw of $z$ for each of the $B$ images of a minibatch, both "
            "terms, the mean, and a minus because optimisers minimise:"
        ),
        Text(
            r"$$ \mathcal{L}(\theta, \phi) = -\frac{1}{B} \sum_{b=1}^{B} \left[ \sum_{d=1}^{D} "
            r"\left( x_{bd} l_{bd} - \log (1 + e^{l_{bd}}) \right) - \frac{1}{2} \sum_{j=1}^{J} "
            r"\left( \mu_{bj}^2 + \sigma_{bj}^2 - 1 - \log \sigma_{bj}^2 \right) \right]. $$"
        ),
        Text(
            "This is all that training computes. The formula in NumPy, with the networks' weights "
            "multiplied out by hand, gives the number that the library's function gives for the "
            "same noise; and over many draws of the noise the loss is minus the ELBO of line (3):"
        ),
        told(tour, PART, "loss", "loss-average"),
        Text("Pyro's program of the same model, which part 7 shows, computes the same:"),
        told(tour, PART, "loss-pyro", "gradient-pyro"),
    ]


def _seen(tour: Tour) -> list[Block]:
    gap = tour.decimal("gap", 2, "mean log p(x) − ELBO, nats per datum")
    least = tour.decimal("gap_least", 2, "smallest gap of an image, nats")
    most = tour.decimal("gap_most", 2, "largest gap of an image, nats")
    return [
        Text(
            f"**What the bound leaves.** Of log p(x), {gap} nats per datum are lost, between "
            f"{least} and {most} for single images. In the plane one can see to what: the exact "
            "posterior leans and bends, a normal with a spread for each coordinate can do neither, "
            "and one encoder has to serve all images."
        ),
        Figure(
            name="posteriors",
            alt="Four panels with a blue cloud each, the exact posterior, and two orange ellipses "
            "with axes along the coordinates that cover it more or less well.",
            caption="The exact posterior over the two-dimensional code of four test images (blue), "
            "and the encoder's normal, one and two standard deviations (orange). In the title, "
            "what the mismatch costs: log p(x) − ELBO.",
            draw=partial(draw_posteriors, tour.own.arrays),
            pictures=True,
        ),
        Text(
            "And since the prior says where codes are, the decoder's whole repertoire can be laid "
            "out: codes at equal steps of probability, decoded."
        ),
        Figure(
            name="manifold",
            alt="A square of digits that change gradually from one into another.",
            caption="The small VAE's decoder at the quantiles of a standard normal in both "
            "directions. Neighbours resemble each other and nothing falls into a hole, which is "
            "what the autoencoder's plane could not offer. That not all digits are kept apart is "
            "the price of two numbers for an image and of a short training; the networks of the "
            "next part have more of both.",
            draw=partial(draw_manifold, tour.own.arrays["tour_manifold"]),
            pictures=True,
        ),
    ]
