"""Part 4: the autoencoder, which reconstructs and cannot generate, and a repair."""

from functools import partial

from studies.report.loaded import StudyResults
from studies.report.model import Block, Figure, Section, Text
from studies.tour.figures.drawings import draw_autoencoder
from studies.tour.figures.pictures import draw_codes, draw_rows, draw_squares
from studies.tour.others import first_arrays
from studies.tour.tour import Tour, missing
from studies.tour.widths import Widths, widths_of

_STUDY = "vae-mnist"


def autoencoder_section(tour: Tour) -> Section:
    """Structure, reconstructions, failed samples, the reason and the repair."""
    results = tour.others[_STUDY]
    blocks = (
        *_structure(widths_of(results)),
        *_works(tour, results),
        *_fails(tour, results),
        *_reason(tour),
        *_repair(tour, results),
    )
    return Section("autoencoder", "4. The autoencoder", blocks)


def _structure(widths: Widths) -> list[Block]:
    hidden = " and ".join(f"{w:,}" for w in widths.hidden)
    return [
        Text(
            "From here on the data are images of handwritten digits, and the latent variable is "
            "meant to be *continuous*: a short vector that says what digit it is, how it slants, "
            "how thick the pen was. Before the probabilistic version, the plain one. An "
            "**autoencoder** is a pair of networks, an *encoder* that makes a short code of an "
            "image and a *decoder* that makes an image of a code, trained so that what comes out "
            "resembles what went in."
        ),
        Figure(
            name="autoencoder",
            alt=f"A network drawn as columns of units: {widths.features} pixels, {hidden} hidden, "
            f"{widths.latent} code units, {hidden} hidden, {widths.features} pixel probabilities.",
            caption="The autoencoder of the studies, layer by layer with the number of units; a "
            "few of them are drawn. Every unit of a layer is connected with every one of the next; "
            "the code is the narrow place through which everything has to pass.",
            draw=partial(draw_autoencoder, widths.features, widths.hidden, widths.latent),
        ),
        Text(
            r"With $f_\theta(z)_d$ for the probability that the decoder gives pixel $d$ of being "
            r"black, and $g_\phi(x)$ for the code, it minimises the mean over images of"
        ),
        Text(
            r"$$ -\sum_{d=1}^{D} \left[ x_d \log f_\theta(z)_d + (1 - x_d) \log (1 - "
            r"f_\theta(z)_d) \right], \qquad z = g_\phi(x). $$"
        ),
        Text(
            "Nothing in this sum says anything about how the codes are spread. That is the whole "
            "difference to what follows."
        ),
    ]


def _works(tour: Tour, results: StudyResults | None) -> list[Block]:
    found = first_arrays(results, ["originals", "reconstructions"])
    if results is None or "autoencoder" not in found:
        return [missing(_STUDY, "what the autoencoder makes of test images of MNIST")]
    arrays = found["autoencoder"]
    rows = [
        ("test images", arrays["originals"]),
        (results.drawn_label("autoencoder"), arrays["reconstructions"]),
    ]
    return [
        Text("It does what it is trained for. These images were not in the training data:"),
        Figure(
            name="autoencoder-reconstructions",
            alt="Ten digits, and below each the autoencoder's reconstruction, close to it.",
            caption="Test images of MNIST as black and white pixels, and what the autoencoder puts "
            f"out for each (study [{_STUDY}](../{_STUDY}/README.md), first seed).",
            draw=partial(draw_rows, rows),
            pictures=True,
        ),
    ]


def _fails(tour: Tour, results: StudyResults | None) -> list[Block]:
    found = first_arrays(results, ["samples"])
    lead = Text(
        "A generator would be useful: draw a code, decode it, have a new digit. But *from what* "
        "should the code be drawn? The obvious try is a standard normal, $z \\sim "
        "\\mathcal{N}(0, I)$. It fails."
    )
    if results is None or "autoencoder" not in found:
        return [lead, missing(_STUDY, "what the autoencoder makes of draws from a standard normal")]
    names = [n for n in ("autoencoder", "torch-vae", "pyro-vae") if n in found]
    squares = [(results.drawn_label(n), found[n]["samples"]) for n in names[:2]]
    return [
        lead,
        Figure(
            name="autoencoder-samples",
            alt="Two squares of 64 decoded draws: the autoencoder's are mostly blots and "
            "fragments, the VAE's mostly digits.",
            caption=r"What the decoder makes of 64 draws $z \sim \mathcal{N}(0, I)$: left the "
            "autoencoder's, right the variational autoencoder's of the next part, with the same "
            f"networks and the same training (study [{_STUDY}](../{_STUDY}/README.md)).",
            draw=partial(draw_squares, squares, columns=2),
            pictures=True,
        ),
    ]


def _reason(tour: Tour) -> list[Block]:
    train = tour.whole("tour_train_images", "training images of the small networks")
    test = tour.whole("tour_test_images", "test images of the small networks")
    hidden = tour.whole("tour_hidden", "hidden units of the small networks")

    def of(name: str, kind: str) -> tuple[str, str, str]:
        return (
            tour.decimal(f"tour_{name}_narrow", 2, f"smallest spread of the codes, {kind}"),
            tour.decimal(f"tour_{name}_wide", 2, f"largest spread of the codes, {kind}"),
            tour.ledger.number(
                f"tour_{name}_inside_percent",
                100 * tour.own.values[f"tour_{name}_inside"],
                "{:.0f}".format,
                f"per cent of test codes inside the prior's circle, {kind}",
                "the tour",
            ),
        )

    narrow, wide, inside = of("ae", "autoencoder")
    vae_narrow, vae_wide, vae_inside = of("vae", "VAE")
    return [
        Text(
            "The reason can be seen where the code has two dimensions. The tour trains two such "
            f"networks with {hidden} hidden units on {train} images, small enough to be "
            f"looked at whole, and places the codes of {test} test images in the plane:"
        ),
        Figure(
            name="codes",
            alt="Left: the autoencoder's codes, far apart in groups by digit, with a small circle "
            "around 0 that holds only a part of them. Right: the VAE's codes, mostly inside a "
            "circle of the same radius.",
            caption="Codes of test images, coloured and named by digit. The black circle holds 95% "
            "of a standard normal; it is the same in both panels, whose scales differ. Dashed: the "
            "components of the mixture that the repair below fits to the autoencoder's codes.",
            draw=partial(draw_codes, tour.own.arrays),
        ),
        Text(
            f"The autoencoder's codes lie wherever training left them: their spread is {narrow} in "
            f"one direction and {wide} in another, and {inside}% are inside the circle that should "
            "hold 95%. A draw from the standard normal falls into a small part of the region in "
            "use, and whole kinds of digits are out of its reach; elsewhere it falls between the "
            "groups, where the decoder was never taught anything. The VAE's codes have spreads of "
            f"{vae_narrow} and {vae_wide}, with {vae_inside}% inside: nearly, though not exactly, "
            "what will be drawn."
        ),
    ]


def _repair(tour: Tour, results: StudyResults | None) -> list[Block]:
    components = tour.whole("tour_mixture_components", "components of the mixture of codes")
    arrays = tour.own.arrays
    squares = [
        ("autoencoder, z from N(0, I)", arrays["tour_ae_samples"]),
        ("autoencoder, z from the mixture", arrays["tour_mixture_samples"]),
        ("VAE, z from N(0, I)", arrays["tour_vae_samples"]),
    ]
    blocks: list[Block] = [
        Text(
            "**A repair,** in which the two halves of this article meet. If the codes are not "
            "standard normal, learn what they are: fit a Gaussian mixture to them, by EM, and draw "
            f"codes from it (Ghosh and others, 2020). With {components} components:"
        ),
        Figure(
            name="repair",
            alt="Three squares of 64 images: from the standard normal the small autoencoder makes "
            "only a few kinds of round digits; from the mixture, more; the VAE's are as blurred.",
            caption="The small networks. Left: draws from a standard normal miss most digits. "
            "Middle: the same decoder with codes from the mixture reaches them. Right: the VAE "
            "without any repair. It draws from where its codes are, though not evenly: its ones "
            "and sevens lie at the edge of the circle and come up too seldom. All are blurred, for "
            "two numbers are few for a digit.",
            draw=partial(draw_squares, squares),
            pictures=True,
        ),
        Text(
            "The repair works, and it is no model: there is still no $p(x)$ by which new data "
            "could be scored, and what the autoencoder regarded as a good code took no account of "
            "what the mixture could fit. The next part puts both into one objective."
        ),
    ]
    found = first_arrays(results, ["samples"])
    if results is not None and "autoencoder-mixture" in found:
        squares = [
            (results.drawn_label("autoencoder-mixture"), found["autoencoder-mixture"]["samples"])
        ]
        squares += [(results.drawn_label("torch-vae"), found["torch-vae"]["samples"])] * (
            "torch-vae" in found
        )
        blocks.insert(
            2,
            Figure(
                name="repair-study",
                alt="Two squares of 64 digits, the repaired autoencoder's and the VAE's.",
                caption=f"The same with the networks of the study [{_STUDY}](../{_STUDY}/README.md)"
                ": the autoencoder with a mixture of its codes, and the VAE.",
                draw=partial(draw_squares, squares, columns=2),
                pictures=True,
            ),
        )
    return blocks
