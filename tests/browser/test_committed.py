"""The pages that lie in reports/ as they are: quiet, alone, accessible, whole on a phone."""

from pathlib import Path

import pytest

from tests.browser.sizes import DESK, PHONE

REPORTS = Path(__file__).resolve().parents[2] / "reports"
PAGES = [
    page
    for page in sorted([*REPORTS.glob("index.html"), *REPORTS.glob("*/index.html")])
    if page.parent.name != "quick"  # made by whoever runs `make study`
]
LARGEST = 6_000_000
"""Bytes of a page, so that it opens at once and can be sent to someone."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_committed_page_holds(visit, page: Path) -> None:
    assert page.stat().st_size <= LARGEST
    seen = visit(page, size=PHONE, theme="dark")
    seen.ready()
    assert seen.overflow() <= 0
    seen.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    assert seen.overflow() <= 0
    assert seen.barriers() == []
