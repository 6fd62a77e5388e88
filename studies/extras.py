"""The table of measurements that a study may ask for beside its kind's scores.

It is read by name and nothing here decides a result, so that a line added or an extra mended
leaves the results of all studies that do not ask for it as they are: a run's fingerprint covers
its kind and the extras that it asks for (`studies.code_hash`).
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from suite.errors import InputError

if TYPE_CHECKING:
    from studies.families.vae_extra import Extra

_FAMILIES = "studies.families"

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "mixture": {
        "criteria": f"{_FAMILIES}.mixture_extras:extra_scores",
        "em_rate": f"{_FAMILIES}.mixture_extras:extra_scores",
        "product_rate": f"{_FAMILIES}.mixture_extras:extra_scores",
    },
    "vae": {
        "pictures": f"{_FAMILIES}.vae_pictures:PICTURES",
        "epoch_pictures": f"{_FAMILIES}.vae_epoch_pictures:EPOCH_PICTURES",
        "ladder": f"{_FAMILIES}.vae_ladder:LADDER",
        "latent_use": f"{_FAMILIES}.vae_latent:LATENT_USE",
        "aggregate": f"{_FAMILIES}.vae_aggregate:AGGREGATE",
        "ais": f"{_FAMILIES}.vae_ais:AIS",
        "gaps": f"{_FAMILIES}.vae_gaps:GAPS",
        "product_rate": f"{_FAMILIES}.vae_product_rate:PRODUCT_RATE",
        "normalised": f"{_FAMILIES}.vae_normalised:NORMALISED",
        "decoded": f"{_FAMILIES}.vae_decoded:DECODED",
    },
}
"""By kind and name, "module:name" of what measures it."""


def extra_paths(kind: str, names: Iterable[str]) -> list[str]:
    """Where the extras `names` of a kind of study are, as "module:name".

    Raises
    ------
    InputError
        If the kind has no such extra; the message lists those that it has.

    Examples
    --------
    >>> extra_paths("vae", ["ladder"])
    ['studies.families.vae_ladder:LADDER']
    """
    known = EXTRAS.get(kind, {})
    for name in names:
        if name not in known:
            raise InputError(
                f"a study of kind {kind!r} has no extra {name!r}; it has: {', '.join(known)}."
            )
    return [known[name] for name in names]


def load_extras(kind: str, names: Iterable[str]) -> list["Extra"]:
    """The extras of VAEs that are called `names`, imported now.

    Raises
    ------
    InputError
        As `extra_paths`.
    """
    pairs = [path.split(":") for path in extra_paths(kind, names)]
    return [getattr(import_module(module), name) for module, name in pairs]
