"""The formats beside HTML and Markdown."""

import re
import shutil
from pathlib import Path

import pytest

from studies.report import write_report
from studies.report.formats import checked
from studies.report.latex_document import latex_document, latex_text
from studies.report.model import Answer, Document, Listing, Listings, Section
from studies.report.pdf import print_page
from suite.errors import InputError
from tests.studies.report.synthetic import mixture_store

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
SECTIONS = ["answer", "scores", "gap", "failures"]


@pytest.fixture
def store(tmp_path):
    return mixture_store(
        tmp_path / "s" / "results.sqlite",
        datasets=("iris",),
        seeds=1,
        sections=SECTIONS,
        title="50% of a_b & $5",
    )


def test_latex_has_every_section_table_and_figure_and_balanced_braces(store, tmp_path):
    folder = store.path.parent
    write_report(store, "s", folder, formats=["tex"])
    text = (folder / "report.tex").read_text(encoding="utf-8")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert r"\title{50\% of a\_b \& \$5}" in text
    assert text.count(r"\section{") == readme.count("\n## ")
    assert text.count(r"\begin{longtable}") == len(list((folder / "tables").iterdir()))
    shown = re.findall(r"\{(figures/[^}]*)\}", text)
    assert shown
    assert all((folder / path).is_file() for path in shown)
    assert "(value:" not in text
    bare = re.sub(r"\\[{}]", "", text)
    depth = [0]
    for mark in re.findall(r"[{}]", bare):
        depth.append(depth[-1] + (1 if mark == "{" else -1))
    assert min(depth) == depth[-1] == 0
    for name in set(re.findall(r"\\begin\{(\w+)\}", text)):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}")


def test_latex_keeps_formulas_and_spaces_between_words():
    said = latex_text("A *b* and **50%** of $x_n^2$, `a_b`; [c](d.csv#e)")
    assert said == (r"A \emph{b} and \textbf{50\%} of $x_n^2$, \texttt{a\_b}; \href{d.csv\#e}{c}")


def test_latex_has_an_articles_code_as_it_is_and_counts_its_parts_once():
    code = "def f(x):\n    return {x: x**2}  # 100% & more\n"
    listings = Listings("twins", "Side *by* side.", (Listing("By hand", "suite/a_b.py", code),))
    section = Section("code", "1. The code", (listings,))
    text = latex_document(Document("T", "Q", Answer("A."), (section,)))
    assert r"\section{The code}" in text
    assert r"Side \emph{by} side." in text
    assert r"\textbf{By hand} (\texttt{suite/a\_b.py})" in text
    assert rf"\begin{{verbatim}}{chr(10)}{code}\end{{verbatim}}" in text


def test_a_report_in_another_format_leaves_no_old_page(store):
    folder = store.path.parent
    write_report(store, "s", folder)
    assert (folder / "index.html").is_file()
    write_report(store, "s", folder, formats=["md"])
    assert not (folder / "index.html").exists()
    assert (folder / "README.md").is_file()


@pytest.mark.parametrize("formats", [[], ["html", "docx"]])
def test_an_unknown_format_is_a_mistake_that_names_the_known_ones(formats):
    with pytest.raises(InputError, match="html, pdf, tex"):
        checked(formats)


def test_without_a_browser_a_pdf_is_a_mistake_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("studies.report.pdf.shutil.which", lambda name: None)
    with pytest.raises(InputError, match="apt install chromium"):
        print_page(tmp_path / "index.html", tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")
def test_a_pdf_printed_again_is_the_same(tmp_path: Path):
    page = tmp_path / "index.html"
    page.write_text("<!doctype html><title>T</title><h1>Hello</h1>", encoding="utf-8")
    made = []
    for name in ("a.pdf", "b.pdf"):
        print_page(page, tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    assert made[0].startswith(b"%PDF-")
    assert made[0] == made[1]
    assert b"D:2000010100" in made[0]
