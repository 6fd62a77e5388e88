r"""A report's main table as LaTeX, to be put into a document with `\input`."""

import pandas as pd

from studies.metrics import SHORT_UNITS
from studies.report.loaded import StudyResults
from studies.report.tables import SPLITS, main_table, measured_columns
from studies.report.words import plain

_LONGEST_TABLE = 40  # rows; a longer one is broken over pages

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{mark: f"\\{mark}" for mark in "&%$#_{}"},
        # After a row's end a bracket would be read as its optional argument, a star as its variant.
        **{mark: f"{{{mark}}}" for mark in "[]*"},
        **{mark: f"${mark}$" for mark in "<>|"},
        "−": "$-$",
        "×": r"$\times$",
        "±": r"$\pm$",
        "—": "---",
        "–": "--",
        "…": r"\dots{}",
        **{raised: rf"\textsuperscript{{{n}}}" for n, raised in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
        "⁻": r"\textsuperscript{$-$}",
    }
)


def latex_escaped(text: str) -> str:
    r"""`text` so that LaTeX sets it as it is, on one line.

    Letters of other alphabets are left as they are: a document that has them in names of its own
    needs LuaLaTeX or XeLaTeX and a font that has them too.

    Examples
    --------
    >>> print(latex_escaped("50% of a_b − 2×10⁻⁹"))
    50\% of a\_b $-$ 2$\times$10\textsuperscript{$-$}\textsuperscript{9}
    """
    return " ".join(text.split()).translate(_ESCAPES)


def latex_table(results: StudyResults) -> str:
    r"""The report's main table: medians over seeds, and below them smallest and largest values.

    Its header has the quantity, the split and the unit on a line each; a column counts the runs
    that ended well. It needs the packages booktabs and, for many rows, longtable, named in a
    comment on the first line. Its label is `tab:` and the study's name.
    """
    frame = _frame(results)
    environment = "longtable" if len(frame) > _LONGEST_TABLE else "table"
    packages = ["booktabs"] + (["longtable"] if environment == "longtable" else [])
    text = frame.style.hide(axis="index").to_latex(
        column_format="ll" + "r" * (frame.shape[1] - 2),
        hrules=True,
        environment=environment,
        position_float="centering" if environment == "table" else None,
        position="htbp" if environment == "table" else None,
        multicol_align="r",
        caption=latex_escaped(_caption(results)),
        label=f"tab:{_label(results.name)}",
    )
    uses = " ".join(rf"\usepackage{{{name}}}" for name in packages)
    return f"% {uses}\n{text}"


def _frame(results: StudyResults) -> pd.DataFrame:
    """Texts that are LaTeX already, in two rows where there is a range."""
    header = [("data", "", ""), ("estimator", "", ""), ("runs", "", "")]
    header += [
        (
            c.metric.label,
            ", ".join(part for part in (SPLITS[c.split], c.scale) if part),
            f"[{SHORT_UNITS.get(c.unit, c.unit)}]" if c.unit else "",
        )
        for c in measured_columns(results)
    ]
    rows: list[list[str]] = []
    previous = ""
    for entries in main_table(results).rows:
        texts = [latex_escaped(plain(entry.text)) for entry in entries]
        notes = [latex_escaped(entry.note) for entry in entries]
        name, texts[0] = texts[0], "" if texts[0] == previous else texts[0]
        previous = name
        rows.append(texts)
        if any(notes):
            rows.append([rf"{{\scriptsize {note}}}" if note else "" for note in notes])
    columns = pd.MultiIndex.from_tuples(
        [tuple(latex_escaped(part) for part in parts) for parts in header]
    )
    return pd.DataFrame(rows, columns=columns)


def _caption(results: StudyResults) -> str:
    title = str(results.document.get("title", results.name))
    return (
        f"{title}. Medians over the runs that ended well, of the runs planned, and below them the "
        "smallest and the largest value. Nats are per datum unless called total."
    )


def _label(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
