"""A report's page, read without a browser."""

import json
import re
from itertools import pairwise
from pathlib import Path

import html5lib
import pytest

from studies.report import write_index, write_report
from studies.report.html.tables import number
from studies.report.words import plain
from studies.results import ResultStore
from tests.studies.report.synthetic import mixture_store

LARGEST = 6_000_000
"""Bytes that a page may have."""


@pytest.fixture
def tree(report):
    return parsed(report[1] / "index.html")


def parsed(path: Path):
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    return parser.parse(path.read_text(encoding="utf-8"))


def text_of(element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_it_is_valid_and_has_one_h1_and_ordered_headings(tree):
    levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch(r"h[1-6]", str(e.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_its_landmarks_are_there_and_named(tree):
    assert len(list(tree.iter("main"))) == len(list(tree.iter("footer"))) == 1
    names = [nav.get("aria-label") for nav in tree.iter("nav")]
    assert len(names) == len(set(names)) == 2
    assert all(names)
    regions = [e.get("aria-label") for e in tree.iter() if e.get("role") == "region"]
    assert len(regions) == len(set(regions))
    assert all(e.get("tabindex") == "0" for e in tree.iter() if e.get("role") == "region")


def test_ids_are_unique_and_every_fragment_has_its_place(tree):
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    fragments = [e.get("href")[1:] for e in tree.iter("a") if e.get("href", "").startswith("#")]
    assert len(fragments) > 20
    assert set(fragments) <= set(ids)
    for name in ("aria-labelledby", "aria-controls", "for"):
        assert {e.get(name) for e in tree.iter() if e.get(name)} <= set(ids)


def test_it_asks_nobody_for_anything(report, tree):
    loads = [e.get("src") for e in tree.iter() if e.get("src")]
    loads += [e.get("href") for e in tree.iter("link")]
    assert loads
    assert all(source.startswith("data:") for source in loads)
    styles = "".join(e.text or "" for e in tree.iter("style"))
    assert "@import" not in styles
    assert "url(" not in styles
    files = [e.get("href") for e in tree.iter("a") if not e.get("href", "").startswith("#")]
    folder = report[1]
    own = [f for f in files if not f.startswith("../")]
    assert own
    assert [f for f in own if not (folder / f).is_file()] == []


def test_it_is_small_enough(report):
    assert (report[1] / "index.html").stat().st_size < LARGEST


def test_every_figure_of_the_readme_is_there_with_its_words(report, tree):
    readme = (report[1] / "README.md").read_text(encoding="utf-8")
    alternatives = [
        plain(text) for text in re.findall(r"^!\[(.*)\]\(figures/", readme, flags=re.MULTILINE)
    ]
    shown = [e.get("alt") for e in tree.iter("img")]
    assert alternatives
    assert shown == alternatives
    captions = [text_of(e) for e in tree.iter("figcaption")]
    assert sum(bool(re.match(r"Figure \d+\. \S", c)) for c in captions) == len(alternatives)


def test_its_tables_have_the_figures_of_the_readme(report, tree):
    readme = (report[1] / "README.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in readme.splitlines()
        if line.startswith("| ") and not re.match(r"\|[ :|-]+$", line)
    ]
    expected = [
        [" ".join(plain(re.sub(r"<[^>]*>", " ", cell)).replace("*", "").split()) for cell in row]
        for row in rows
    ]
    found = []
    for table in tree.iter("table"):
        if not table.get("id") or table.get("id") == "table-runs":
            continue
        for line in table.iter("tr"):
            found.append([text_of(cell) for cell in line if cell.tag in ("td", "th")])
    flat = lambda lines: [[c.replace(" ", "") for c in line] for line in lines]  # noqa: E731
    assert len(found) > 5
    assert flat(found) == flat(expected)


def test_every_table_has_a_caption_headers_and_values_that_its_text_rounds(tree):
    tables = [t for t in tree.iter("table") if t.get("data-sortable") is not None]
    assert tables
    checked = 0
    for table in tables:
        assert text_of(table.find("caption"))
        assert all(
            th.get("scope") == "col" and text_of(th) for th in table.find("thead").iter("th")
        )
        for row in table.find("tbody").iter("tr"):
            assert row[0].get("scope") == "row"
            for cell in row:
                value, shown = cell.get("data-value"), text_of(cell)
                match = re.match(r"[+−]?[\d,.]+(×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", shown)
                if value is None or match is None:
                    continue
                close = 0.06 * abs(float(value)) + 1e-12  # two digits are shown at the least
                small = cell.find("small")
                if small is None:
                    assert abs(number(match[0]) - float(value)) <= max(close, 0.5), shown
                    checked += 1
    assert checked > 20


def test_a_linked_number_has_the_value_of_the_place_that_it_leads_to(tree):
    places = {e.get("id"): e for e in tree.iter() if e.get("id")}
    links = [e for e in tree.iter("a") if e.get("class") == "number"]
    assert links
    cells = 0
    for link in links:
        place = places[link.get("href")[1:]]
        if place.get("data-value") is not None and not link.get("data-take"):
            assert place.get("data-value") == link.get("data-value")
            cells += 1
    assert cells > 3


def test_every_run_is_listed_opens_and_says_how_to_make_it_again(report, tree):
    store = report[0]
    cells = store.cells()
    data = json.loads(next(e.text for e in tree.iter("script") if e.get("id") == "data"))
    assert set(data["runs"]["runs"]) == set(cells["key"])
    places = {e.get("id"): e for e in tree.iter() if e.get("id")}
    for key, estimator, seed, status, message in cells[
        ["key", "estimator", "seed", "status", "message"]
    ].to_numpy():
        run = data["runs"]["runs"][key]
        assert run[1:3] == [seed, status]
        assert (run[3] or "") == message
        line = text_of(places[f"run-{key}"])
        assert f"--estimators {estimator} --seeds {seed + 1}" in line
    openers = {e.get("data-run") for e in tree.iter("a") if e.get("data-run")}
    assert openers == set(cells["key"])


def test_the_runs_have_the_stored_figures(report, tree):
    store = report[0]
    data = json.loads(next(e.text for e in tree.iter("script") if e.get("id") == "data"))["runs"]
    measures = [tuple(m[:2]) for m in data["measures"]]
    checked = 0
    for key, metric, split, value in store.scores()[["key", "metric", "split", "value"]].to_numpy():
        stored = data["runs"][key][5][measures.index((metric, split))]
        assert stored == pytest.approx(value, rel=1e-8)  # nine digits are kept
        checked += 1
    assert checked > 50


def test_without_a_script_nothing_but_what_needs_one_is_hidden(tree):
    hidden = [e for e in tree.iter() if e.get("hidden") is not None]
    kinds = {e.get("class") or e.get("data-action") for e in hidden}
    assert kinds <= {"theme", "filter", "curves", "epochs"}


def test_what_comes_from_outside_stays_words(tmp_path):
    store = mixture_store(
        tmp_path / "s" / "results.sqlite",
        datasets=("iris",),
        seeds=1,
        title="<script>alert(1)</script>",
        question="Is </script><img src=x onerror=alert(1)> & $5 *here*?",
        sections=["answer", "scores"],
        provenance_note="</script>",
    )
    write_report(store, "s", tmp_path / "s")
    found = parsed(tmp_path / "s" / "index.html")
    assert text_of(next(found.iter("h1"))) == "<script>alert(1)</script>"
    assert [e for e in found.iter("img") if e.get("src") == "x"] == []
    assert "onerror" in text_of(next(p for p in found.iter("p") if p.get("class") == "question"))


def test_the_index_leads_to_every_study(tmp_path):
    for name in ("b", "a"):
        store = mixture_store(
            tmp_path / name / "results.sqlite", datasets=("iris",), seeds=1, title=f"Study {name}"
        )
        assert isinstance(store, ResultStore)
    write_index(tmp_path)
    found = parsed(tmp_path / "index.html")
    articles = list(found.iter("article"))
    assert [a.get("data-study") for a in articles] == ["a", "b"]
    assert [next(a.iter("a")).get("href") for a in articles] == ["a/index.html", "b/index.html"]
    assert all("3 ok" in text_of(a) for a in articles)
    assert all("(value:" not in text_of(a) for a in articles)
