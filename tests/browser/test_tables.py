"""Tables sort and filter, by mouse and by keyboard."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCORES = "#table-scores"


@pytest.fixture
def scores(visit, pages: Path):
    """The report on mixtures, opened, and the place of a column of numbers in its main table."""
    seen = visit(pages / "mixtures" / "index.html")
    seen.ready()
    heads = seen.page.locator(f"{SCORES} thead th").all_inner_texts()
    column = next(i for i, head in enumerate(heads) if "held out" in head)
    return seen, column


def values(seen, column: int) -> list[float]:
    """The unrounded values of the rows that show one, in the order shown."""
    return seen.page.eval_on_selector_all(
        f"{SCORES} tbody tr:not([hidden])",
        "(rows, column) => rows.map(row => row.cells[column].dataset.value)"
        ".filter(value => value !== undefined && value !== '').map(Number)",
        column,
    )


@contextmanager
def sorting(seen) -> Iterator[None]:
    """Wait at the end until the table is sorted: it is a moment after its button is pressed."""
    seen.page.evaluate(
        "name => { const table = document.querySelector(name);"
        " window.sorted = new Promise(done =>"
        " table.addEventListener('sort-end', () => done(true), {once: true})); }",
        SCORES,
    )
    yield
    assert seen.page.evaluate("() => window.sorted")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_column_of_numbers_sorts_by_its_unrounded_values(scores, by: str) -> None:
    seen, column = scores
    head = seen.page.locator(f"{SCORES} thead th").nth(column)
    button = head.locator("button")

    def press() -> str | None:
        with sorting(seen):
            if by == "mouse":
                button.click()
            else:
                button.focus()
                seen.page.keyboard.press("Enter")
        return head.get_attribute("aria-sort")

    before = values(seen, column)
    assert len(before) >= 8
    assert before not in (sorted(before), sorted(before, reverse=True))
    orders = {press(): values(seen, column), press(): values(seen, column)}
    assert orders == {"ascending": sorted(before), "descending": sorted(before, reverse=True)}
    others = seen.page.locator(f"{SCORES} thead th[aria-sort]:not([aria-sort=none])")
    assert others.count() == 1


def test_what_is_sorted_by_is_what_is_shown_before_rounding(scores) -> None:
    seen, column = scores
    shown = seen.page.eval_on_selector_all(
        f"{SCORES} tbody tr",
        "(rows, column) => rows.map(row => row.cells[column].innerText)",
        column,
    )
    numbers = [text.split()[0].replace("−", "-") for text in shown]
    assert all("." in number for number in numbers)
    for number, value in zip(numbers, values(seen, column), strict=True):
        half_a_digit = 0.5 * 10.0 ** -len(number.split(".")[1])
        assert abs(float(number) - value) <= half_a_digit * (1 + 1e-9)
    assert sorted(map(float, numbers)) != sorted(values(seen, column))


def test_a_column_of_words_sorts_as_words(scores) -> None:
    seen, _ = scores
    with sorting(seen):
        seen.page.locator(f"{SCORES} thead th").nth(1).locator("button").click()
    names = seen.page.locator(f"{SCORES} tbody tr").locator("th, td").nth(1)
    shown = seen.page.eval_on_selector_all(
        f"{SCORES} tbody tr", "rows => rows.map(row => row.cells[1].innerText.trim())"
    )
    assert names.is_visible()
    assert shown in (sorted(shown), sorted(shown, reverse=True))
    assert len(set(shown)) == 3


def test_the_filter_leaves_the_rows_that_match_and_counts_them(scores) -> None:
    seen, column = scores
    rows = seen.page.locator(f"{SCORES} tbody tr")
    visible = seen.page.locator(f"{SCORES} tbody tr:visible")
    box = seen.page.locator("input[data-filter=table-scores]")
    count = seen.page.locator("[data-count=table-scores]")
    total = rows.count()
    seen.page.get_by_role("searchbox").and_(box).focus()
    seen.page.keyboard.type("IRIS")
    assert visible.count() == 3
    assert all("iris" in text for text in visible.all_inner_texts())
    assert re.findall(r"\d+", count.inner_text()) == ["3", str(total)]
    with sorting(seen):
        seen.page.locator(f"{SCORES} thead th").nth(column).locator("button").click()
    assert values(seen, column) == sorted(values(seen, column))
    assert visible.count() == 3
    box.fill("no such thing")
    assert visible.count() == 0
    assert re.findall(r"\d+", count.inner_text())[0] == "0"
    box.fill("")
    assert visible.count() == total


def test_the_index_finds_a_study(visit, pages: Path) -> None:
    seen = visit(pages / "index.html")
    seen.ready()
    studies = seen.page.locator("article[data-study]:visible")
    assert studies.count() == 2
    seen.page.locator("input[data-filter=studies]").fill("mixtures")
    assert studies.count() == 1
    assert re.findall(r"\d+", seen.page.locator("[data-count=studies]").inner_text())[0] == "1"
    studies.locator("a").first.click()
    assert seen.page.url.endswith("mixtures/index.html")


def test_a_number_in_the_prose_leads_to_the_row_it_came_from(scores) -> None:
    seen, _ = scores
    links = seen.page.locator("main a.number")
    assert links.count() > 0
    links.first.click()
    target = seen.page.locator(":target")
    assert target.count() == 1
    assert target.is_visible()
    assert target.evaluate("e => e.closest('table') !== null")
