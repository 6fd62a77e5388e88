r"""A document as LaTeX: sections, tables with booktabs, figures from figures/.

It is made for LuaLaTeX or XeLaTeX, which read the Unicode of the report's words as it is.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from studies.exporting.latex import latex_escaped
from studies.report.model import (
    Bullets,
    Document,
    Entry,
    Figure,
    Listing,
    Listings,
    Table,
    Text,
)
from studies.report.numbers import unlinked
from studies.report.words import plain

_OPENING = r"""\documentclass[a4paper,10pt]{article}
% Typeset with lualatex or xelatex.
\usepackage{fontspec}
\usepackage{amsmath,amssymb}
\usepackage[margin=2.2cm]{geometry}
\usepackage{booktabs,longtable,graphicx,array}
\usepackage[hidelinks]{hyperref}
\setlength{\parindent}{0pt}\setlength{\parskip}{0.6em}
"""
_MARKS = {
    "strong_open": r"\textbf{",
    "strong_close": "}",
    "em_open": r"\emph{",
    "em_close": "}",
    "softbreak": "\n",
    "hardbreak": r"\\",
}


def latex_document(document: Document) -> str:
    """The whole document; its figures are read from figures/ beside it."""
    parts = [
        _OPENING,
        rf"\title{{{latex_escaped(document.title)}}}\date{{}}\author{{}}",
        r"\begin{document}\maketitle",
        rf"\begin{{quote}}{latex_escaped(document.question)}\end{{quote}}",
        rf"\textbf{{Answer.}} {latex_text(document.answer.text)}",
    ]
    for section in document.sections:
        # LaTeX counts the sections itself, which an article's titles may do already.
        title = re.sub(r"^\d+\. ", "", section.title)
        parts.append(rf"\section{{{latex_text(title)}}}")
        for block in section.blocks:
            match block:
                case Text(text):
                    parts += [latex_text(paragraph) for paragraph in text.split("\n\n")]
                case Bullets(items):
                    points = "\n".join(rf"\item {latex_text(item)}" for item in items)
                    parts.append(f"\\begin{{itemize}}\n{points}\n\\end{{itemize}}")
                case Table():
                    parts.append(_table(block))
                case Figure():
                    parts.append(_figure(block))
                case Listings():
                    parts += [latex_text(block.caption), *map(_listing, block.items)]
    return "\n\n".join([*parts, r"\end{document}"]) + "\n"


def latex_text(markdown: str) -> str:
    r"""Markdown on one line as LaTeX; its formulas are LaTeX already.

    Examples
    --------
    >>> print(latex_text("**50%** of $x_n$ in `a_b`"))
    \textbf{50\%} of $x_n$ in \texttt{a\_b}
    """
    parser = MarkdownIt("commonmark", {"html": False}).use(dollarmath_plugin, double_inline=True)
    tokens = parser.parseInline(unlinked(markdown))[0].children or []
    return "".join(_token(token) for token in tokens)


def _token(token: Token) -> str:
    if token.type in _MARKS:
        return _MARKS[token.type]
    if token.type == "math_inline":
        return f"${token.content}$"
    if token.type == "math_inline_double":
        return rf"\[{token.content}\]"
    if token.type == "code_inline":
        return rf"\texttt{{{latex_escaped(token.content)}}}"
    if token.type == "link_open":
        return _link(token)
    if token.type == "link_close":
        return "}"
    lead = " " if token.content[:1].isspace() else ""
    tail = " " if token.content[-1:].isspace() and token.content.strip() else ""
    return lead + latex_escaped(token.content) + tail


def _link(token: Token) -> str:
    escaped = re.sub(r"([%#&])", r"\\\1", str(token.attrs["href"]))
    return rf"\href{{{escaped}}}{{"


def _table(table: Table) -> str:
    layout = "".join("l" if column.align == "left" else "r" for column in table.columns)
    head = [
        latex_text(c.title) + (rf" [{latex_escaped(c.unit)}]" if c.unit else "")
        for c in table.columns
    ]
    lines = [
        rf"{{\scriptsize\setlength{{\tabcolsep}}{{3pt}}\begin{{longtable}}{{{layout}}}",
        rf"\caption{{{latex_text(table.caption)}}}\label{{tab:{table.name}}}\\\toprule",
        _cells([rf"\shortstack{{{_stacked(text)}}}" for text in head]) + r"\midrule\endhead",
    ]
    lines += [_cells([_entry(entry) for entry in row]) for row in table.rows]
    return "\n".join([*lines, r"\bottomrule\end{longtable}}"])


def _stacked(text: str, width: int = 16) -> str:
    """Words over as many lines as it takes to keep each about `width` characters long."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return r"\\".join(lines)


def _entry(entry: Entry) -> str:
    text = latex_text(entry.text)
    note = rf" {{\tiny ({latex_text(entry.note)})}}" if entry.note else ""
    return text + note


def _cells(texts: Sequence[str]) -> str:
    return " & ".join(texts) + r" \\"


def _figure(figure: Figure) -> str:
    return "\n".join(
        (
            r"\begin{figure}[htbp]\centering",
            rf"\includegraphics[width=\linewidth,alt={{{latex_escaped(plain(figure.alt))}}}]"
            f"{{figures/{figure.name}.png}}",
            rf"\caption{{{latex_text(figure.caption)}}}\label{{fig:{figure.name}}}",
            r"\end{figure}",
        )
    )


def _listing(listing: Listing) -> str:
    return "\n".join(
        (
            rf"\textbf{{{latex_text(listing.title)}}} (\texttt{{{latex_escaped(listing.source)}}})",
            r"{\scriptsize\begin{verbatim}",
            listing.code.rstrip(),
            r"\end{verbatim}}",
        )
    )
