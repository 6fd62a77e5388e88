"""The names of a report's sections, kept apart so that checking a study file stays fast."""

from studies.metrics import Kind

_SECTIONS: dict[Kind, tuple[str, ...]] = {
    "mixture": (
        "answer",
        "scores",
        "parity",
        "verdicts",
        "pairs",
        "fits",
        "ascent",
        "gap",
        "tradeoff",
        "time-to-target",
        "objective",
        "failures",
        "method",
    ),
    "vae": (
        "answer",
        "scores",
        "parity",
        "verdicts",
        "pairs",
        "reconstructions",
        "samples",
        "manifold",
        "interpolation",
        "traversals",
        "latent",
        "use",
        "curves",
        "epoch-pictures",
        "generalisation",
        "bounds",
        "tradeoff",
        "time-to-target",
        "objective",
        "failures",
        "method",
    ),
}


_OVERHEAD = ("overhead-target", "epochs", "overhead", "attribution")
_SPECIAL: dict[Kind, tuple[str, ...]] = {
    "mixture": (
        "target",
        "published",
        "selection",
        "pruning",
        "speed",
        "growth",
        "product-bound",
        "speed-target",
        "restarts",
        "overlap",
    ),
    "vae": ("target", "vae-published", "likelihoods", *_OVERHEAD),
}
"""Sections that answer a question of their own, for the studies that name them."""


def special_section_names(kind: Kind) -> tuple[str, ...]:
    """The sections that a report on a study of this kind has only if the study names them."""
    return _SPECIAL[kind]


def section_names(kind: Kind) -> tuple[str, ...]:
    """The sections that a report on a study of this kind has if the study names none, in order.

    Examples
    --------
    >>> section_names("mixture")[:3]
    ('answer', 'scores', 'parity')
    """
    return _SECTIONS[kind]
