"""Numbers and lists in words: the one place where a report's figures are put into text."""

import math
import re
from collections.abc import Sequence

MISSING = "—"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fixed(value: float, digits: int) -> str:
    """`value` with so many decimals, in scientific form where these would hide it.

    Examples
    --------
    >>> fixed(-1234.5678, 2), fixed(3.2e-9, 3), fixed(0.0, 3), fixed(math.nan, 3)
    ('−1,234.57', '3.2×10⁻⁹', '0', '—')
    """
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < 0.5 * 10.0**-digits:
        return _scientific(value)
    return f"{value:,.{digits}f}".replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """`value` with so many significant digits.

    Examples
    --------
    >>> significant(0.012345), significant(3.0), significant(1234.5), significant(-2e-7)
    ('0.0123', '3', '1,230', '−2×10⁻⁷')
    """
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return _scientific(value)
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """`significant` with a plus sign where there is no minus.

    Examples
    --------
    >>> signed(0.25), signed(-0.25), signed(0.0)
    ('+0.25', '−0.25', '0')
    """
    text = significant(value, digits)
    return f"+{text}" if value > 0 and text != MISSING else text


def seconds(value: float) -> str:
    """A duration with its unit.

    Examples
    --------
    >>> seconds(0.00123), seconds(12.34), seconds(4000)
    ('0.00123 s', '12.3 s', '4,000 s')
    """
    return MISSING if not math.isfinite(value) else f"{significant(value)} s"


def nats(value: float) -> str:
    """So many nats per datum.

    Examples
    --------
    >>> nats(1.0), nats(0.01)
    ('1 nat per datum', '0.01 nats per datum')
    """
    return f"{significant(value)} {'nat' if value == 1 else 'nats'} per datum"


def listed(items: Sequence[str]) -> str:
    """The items with commas and "and".

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def counted(n: int, singular: str, plural: str = "") -> str:
    """A number and its noun.

    Examples
    --------
    >>> counted(1, "run"), counted(3, "run"), counted(2, "index", "indices")
    ('1 run', '3 runs', '2 indices')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def sentence(text: str) -> str:
    """`text` with a capital first letter.

    Examples
    --------
    >>> sentence("all ended well.")
    'All ended well.'
    """
    return text[:1].upper() + text[1:]


def escaped(text: str) -> str:
    r"""`text` so that Markdown shows it as it is, on one line.

    Examples
    --------
    >>> escaped("a|b *c*")
    'a\\|b \\*c\\*'
    """
    return re.sub(r"([\\`*_\[\]<>|$~#])", r"\\\1", " ".join(text.split()))


def plain(text: str) -> str:
    """Markdown without its escapes, marks and numbers' addresses: for terminals and alternatives.

    Examples
    --------
    >>> plain(escaped("a|b *c*")), plain("**EM**")
    ('a|b *c*', 'EM')
    """
    unaddressed = re.sub(r"\[((?:\\.|[^\]\\])*)\]\(value:[^)\s]*\)", r"\1", text)
    unmarked = re.sub(r"(?<!\\)(\*\*|`|\$)", "", unaddressed)
    return re.sub(r"\\([\\`*_\[\]<>|$~#])", r"\1", unmarked)


def file_name(text: str) -> str:
    """`text` as a part of a file's name: a sweep's point has spaces and equals signs in its name.

    Examples
    --------
    >>> file_name("iris"), file_name("iris n_components=3 tol=1e-05")
    ('iris', 'iris--n_components-3--tol-1e-05')
    """
    return text.replace(" ", "--").replace("=", "-")


def drawn(text: str) -> str:
    r"""`text` so that matplotlib draws it as it is: a dollar sign is no mathematics.

    Examples
    --------
    >>> drawn("5$")
    '5\\$'
    """
    return " ".join(text.split()).replace("$", r"\$")


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    mantissa = mantissa.removesuffix(".0").replace("-", "−")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
