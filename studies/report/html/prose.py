"""A report's Markdown as HTML: emphasis and code, formulas as MathML, numbers as links."""

import re
from collections.abc import Callable
from functools import lru_cache
from html import escape

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from studies.report.numbers import SCHEME, address
from studies.report.words import plain

LinkOf = Callable[[str, str], str]
"""From a number's text and what stands after `SCHEME` to its HTML."""

_VALUE_LINK = re.compile(rf'<a href="{SCHEME}([^"]*)">(.*?)</a>', re.DOTALL)

# latex2mathml knows no sizes of delimiters; MathML stretches fences by itself.
_SIZES = re.compile(r"\\(?:[Bb]igg?[lrm]?)(?![A-Za-z])")

# Letters in roman one by one: a word is one identifier. And a function's name keeps its distance
# from what it is applied to.
_LETTER = re.compile(r'<mi mathvariant="normal">(\w)</mi>')
_ROMAN = re.compile(rf"(?:{_LETTER.pattern.replace('(', '(?:')}){{2,}}")
_FUNCTION = re.compile(r"(<mi>(?:log|exp|max|min|diag)</mi>)(?!<mo[^>]*>&#x0002[89];)")


def block(text: str, link_of: LinkOf) -> Markup:
    """One or more paragraphs of Markdown as HTML."""
    return _linked(_markdown().render(text), link_of)


def inline(text: str, link_of: LinkOf) -> Markup:
    """Markdown inside a line as HTML, without a paragraph around it."""
    return _linked(_markdown().renderInline(text), link_of)


def unlinked_number(text: str, target: str) -> str:
    """The number alone, for a page that does not have its row."""
    address(target)
    return text


def mathml(formula: str, *, display: bool) -> str:
    r"""A formula in LaTeX as MathML, which browsers draw without a script.

    The LaTeX stays with it as an annotation, for those who copy it.

    Examples
    --------
    >>> mathml("x", display=False).startswith('<math xmlns=')
    True
    """
    found: str = convert(_SIZES.sub("", formula), display="block" if display else "inline")
    found = _ROMAN.sub(lambda m: "<mi>" + _LETTER.sub(r"\1", m[0]) + "</mi>", found)
    found = _FUNCTION.sub(r'\1<mspace width="0.17em"/>', found)
    note = f'<annotation encoding="application/x-tex">{escape(formula)}</annotation>'
    opening, content = re.fullmatch(r"(<math[^>]*>)(.*)</math>", found, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{opening}<semantics>{content}{note}</semantics></math>"


def text_of(markdown: str) -> str:
    """Markdown as plain text, for titles and labels."""
    return " ".join(plain(markdown).split())


def _linked(html: str, link_of: LinkOf) -> Markup:
    return Markup(
        _VALUE_LINK.sub(lambda m: link_of(m[2], m[1].replace("&amp;", "&")), html).strip()
    )


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    # Raw HTML is shown as text: what a user's file or an error message says stays words.
    markdown = MarkdownIt("commonmark", {"html": False})
    renderer = lambda content, options: mathml(content, display=options["display_mode"])  # noqa: E731
    return markdown.use(dollarmath_plugin, renderer=renderer, double_inline=True, allow_space=False)
