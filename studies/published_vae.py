"""Published figures of variational autoencoders, bundled with the program, and their bands.

A band is stated before anything is measured: the figures within it count as the same one. It comes
from what independent re-implementations of one published setting differ by.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Literal

Role = Literal["attempted", "re-implementation", "left out"]
Score = Literal["log_likelihood", "elbo", "pseudo_elbo"]
Kind = Literal["bits", "none"]


@dataclass(frozen=True)
class PublishedVAE:
    """One published figure.

    Parameters
    ----------
    role
        Whether the study attempts it; a re-implementation gives the spread of such figures.
    dataset
        The data set entry of the study that follows its protocol; "" where none does.
    setting
        The model, in a few words.
    score
        Of what it is the negative.
    epoch
        After how many passes over the training data; None for the end of training.
    printed
        The figure as its source has it, in nats per image, lower is better.
    rule
        How its band is derived: a key of `_BANDS`; "" for a figure that is not attempted.
    checked
        "seen" in its source, or "recalled": not checked against it.
    source
        Who printed it.
    note
        Why it is left out, or what sets a re-implementation apart.
    """

    role: Role
    dataset: str
    setting: str
    score: Score
    epoch: int | None
    printed: str
    rule: str
    checked: Literal["seen", "recalled"]
    source: str
    note: str

    @property
    def value(self) -> float:
        """The figure as a number.

        Raises
        ------
        ValueError
            If a range is printed in its place.
        """
        return float(self.printed)

    @property
    def rounding(self) -> float:
        """Half a unit of the last digit printed: the figure may be so far from what was found."""
        digits = Decimal(self.printed).as_tuple().exponent
        return 0.5 * 10.0 ** int(digits)

    @property
    def kind(self) -> Kind:
        """Of what its score is a log probability: of bits, or, grey in a Bernoulli, of nothing."""
        return "none" if self.score == "pseudo_elbo" else "bits"

    @property
    def band(self) -> tuple[float, float]:
        """The lowest and the highest figure that count as the same."""
        return _BANDS[self.rule](self)


@dataclass(frozen=True)
class Protocol:
    """How a published figure was made, and how the study's entry of that name differs."""

    dataset: str
    published: str
    differs: str


@cache
def published_vaes() -> tuple[PublishedVAE, ...]:
    """Every published figure, in the order of reports.

    Examples
    --------
    >>> first = published_vaes()[0]
    >>> first.dataset, first.value, first.band
    ('burda', 86.76, (86.35, 86.76))
    """
    return tuple(_figure(row) for row in _read("vae.csv"))


@cache
def protocols() -> dict[str, Protocol]:
    """The protocols by data set entry."""
    told = [Protocol(**row) for row in _read("vae-protocols.csv")]
    return {protocol.dataset: protocol for protocol in told}


def figures(role: Role) -> list[PublishedVAE]:
    """The published figures of one role."""
    return [figure for figure in published_vaes() if figure.role == role]


def spread() -> float:
    """The largest distance between a re-implementation's figure and the published one, in nats.

    Examples
    --------
    >>> spread()
    1.02
    """
    (aim,) = [figure for figure in figures("attempted") if figure.rule == "aim"]
    distances = [abs(figure.value - aim.value) for figure in figures("re-implementation")]
    return round(max(distances), 6)


def _aim(figure: PublishedVAE) -> tuple[float, float]:
    """From the best re-implementation to the published figure itself, which is to be reached."""
    return min(other.value for other in figures("re-implementation")), figure.value


def _around(figure: PublishedVAE) -> tuple[float, float]:
    """As far on both sides as re-implementations lie from what they follow, and the rounding."""
    margin = spread() + figure.rounding
    return round(figure.value - margin, 6), round(figure.value + margin, 6)


_BANDS = {"aim": _aim, "spread": _around}


def _figure(row: dict[str, str]) -> PublishedVAE:
    epoch = int(row.pop("epoch") or 0) or None
    return PublishedVAE(epoch=epoch, **row)  # type: ignore[arg-type]


def _read(name: str) -> list[dict[str, str]]:
    """The rows of a bundled table below its comments, every value as text."""
    text = (resources.files("studies") / "builtin" / "published" / name).read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
