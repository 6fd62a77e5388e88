"""The LaTeX table is well formed whatever the names are, and says what the report's does."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from studies.cli import app
from studies.commands.export import Format
from studies.exporting import FORMATS
from studies.exporting.latex import latex_table
from studies.report.loaded import StudyResults
from tests.studies.report.synthetic import failing, mixture_store

ODD = r"50% of_a&b #1 ~x^2 {$} \z [*] <|> n=10⁻⁹"
ENGINES = ("tectonic", "lualatex", "xelatex", "pdflatex")


def results(folder: Path, *datasets: str, **options: object) -> StudyResults:
    change = failing(datasets[0], "svi", 1)
    estimators = {"em": {}, "svi": {"label": f"SVI {ODD}"}}
    store = mixture_store(
        folder / "results.sqlite",
        datasets=datasets,
        estimators=estimators,
        change=change,
        title=f"What of {ODD}?",
        **options,
    )
    return StudyResults.read(store)


def tokens(text: str) -> list[str]:
    """Comments left out: commands, escaped marks, and single characters."""
    text = re.sub(r"(?<!\\)%.*\n", "", text)
    return re.findall(r"\\[a-zA-Z]+|\\.|.|\n", text, flags=re.DOTALL)


def assert_well_formed(text: str) -> None:
    """Groups and environments close, mathematics ends where it began, special marks are escaped."""
    depth, mathematics = 0, False
    for token in tokens(text):
        depth += {"{": 1, "}": -1}.get(token, 0)
        mathematics ^= token == "$"
        assert depth >= 0
        assert token not in ("#", "~", "^", "_", "<", ">", "|") or mathematics
    assert (depth, mathematics) == (0, False)
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []


def cells_in(row: str) -> int:
    """How many columns a row fills."""
    spans = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", row))
    return tokens(row).count("&") + 1 + spans


@pytest.mark.parametrize("many", [False, True])
def test_odd_names_are_set_as_they_are(tmp_path: Path, many: bool) -> None:
    names = [f"{ODD} {i}" for i in range(15 if many else 2)]
    text = latex_table(results(tmp_path, *names))
    assert_well_formed(text)
    assert ("longtable" in text) == many
    assert r"\toprule" in text
    assert r"\label{tab:made-up}" in text
    body = text[text.index(r"\endlastfoot" if many else r"\midrule") : text.index(r"\end{")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    # Place and runs; log p(x) on two splits, ELBO, Rand index, steps and time.
    assert {cells_in(row) for row in rows} == {3 + 6}
    # Each place has a row of medians and one of ranges.
    assert len(rows) == len(names) * 2 * 2
    assert (
        r"50\% of\_a\&b \#1 \textasciitilde{}x\textasciicircum{}2 \{\$\} \textbackslash{}z "
        r"{[}{*}{]} $<$$|$$>$ n=10\textsuperscript{$-$}\textsuperscript{9} 0 & EM (by hand) & 3/3"
    ) in text
    assert "& 2/3 &" in text
    assert not re.search(r"\\\\\s*[\[*]", text)


def test_figures_are_those_of_the_reports_table(tmp_path: Path) -> None:
    read = results(tmp_path, "iris")
    text = latex_table(read)
    values = read.values("log_likelihood", "test", "iris", "em")
    assert f"$-${-values.median():.3f}" in text
    assert rf"{{\scriptsize $-${-values.min():.3f} to $-${-values.max():.3f}}}" in text
    (units,) = [line for line in text.splitlines() if "{[}nats{]}" in line]
    assert units.count("{[}nats{]}") == 3
    assert units.endswith(r"{[}s{]} \\")


@pytest.mark.skipif(not any(map(shutil.which, ENGINES)), reason="no LaTeX engine is installed")
@pytest.mark.parametrize("many", [False, True])
def test_it_compiles(tmp_path: Path, many: bool) -> None:
    engine = next(filter(None, map(shutil.which, ENGINES)))
    table = latex_table(results(tmp_path, *[f"{ODD} {i}" for i in range(15 if many else 1)]))
    lines = [
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        table.partition("\n")[0].lstrip("% "),
        r"\begin{document}",
        table,
        r"\end{document}",
    ]
    file = tmp_path / "t.tex"
    file.write_text("\n".join(lines))
    options = [] if "tectonic" in engine else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([engine, *options, file.name], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_command_writes_what_it_names(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "reports" / name).mkdir(parents=True)
        results(tmp_path / "reports" / name, "iris", name=name)
    assert [chosen.value for chosen in Format] == list(FORMATS)
    arguments = ["export", str(tmp_path / "reports"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*arguments, "--format", "csv", "--format", "latex"])
    assert done.exit_code == 0, done.output
    files = {
        str(tmp_path / "out" / n / f) for n in ("one", "two") for f in ("scores.csv", "scores.tex")
    }
    written = set(done.stdout.split())
    assert files < written
    assert len(written) == 2 * 4
    assert all(Path(path).is_file() for path in written)
