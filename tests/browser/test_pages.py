"""What holds for every page: quiet, alone, accessible, whole on a phone and on paper."""

from pathlib import Path

import pytest

from tests.browser.sizes import DESK, PHONE

NAMES = ("mixtures", "vaes", "index")


@pytest.fixture(params=NAMES)
def page(request: pytest.FixtureRequest, pages: Path) -> Path:
    """Each page in turn."""
    return pages / ("" if request.param == "index" else request.param) / "index.html"


@pytest.mark.parametrize(("theme", "size"), [("light", DESK), ("dark", PHONE)])
def test_nothing_bars_anyone_and_nothing_is_cut_off(visit, page, theme, size) -> None:
    seen = visit(page, theme=theme, size=size)
    assert seen.ready().get_attribute("data-theme") == theme
    assert seen.overflow() <= 0
    assert seen.barriers() == []
    seen.page.set_viewport_size({"width": 768, "height": 1024})
    assert seen.overflow() <= 0


def test_wide_tables_scroll_by_themselves_by_keyboard_too(visit, pages: Path) -> None:
    seen = visit(pages / "mixtures" / "index.html", size=PHONE)
    seen.ready()
    region = seen.page.locator("div.scroll[role=region]:has(#table-scores)")
    assert region.get_attribute("aria-label")
    assert region.evaluate("e => e.scrollWidth > e.clientWidth")
    region.focus()
    for _ in range(5):
        seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_function(
        "document.querySelector('div.scroll:has(#table-scores)').scrollLeft > 0"
    )
    assert seen.page.evaluate("document.scrollingElement.scrollLeft") == 0


def test_the_landmarks_are_there_and_the_skip_link_leads_to_the_main_one(visit, page) -> None:
    seen = visit(page)
    seen.ready()
    assert seen.page.get_by_role("main").count() == 1
    assert seen.page.get_by_role("banner").count() == 1
    assert seen.page.locator("h1").count() == 1
    seen.page.keyboard.press("Tab")
    skip = seen.page.locator(":focus")
    assert skip.get_attribute("href", timeout=1000) == "#main"
    seen.page.keyboard.press("Enter")
    assert seen.page.url.endswith("#main")


def test_on_paper_there_are_tables_and_figures_and_no_controls(visit, page) -> None:
    seen = visit(page)
    seen.ready()
    seen.page.emulate_media(media="print")
    # The list of all runs, which opens them, and the pictures by epoch are of use on a screen only.
    tables = seen.page.locator("main table:not(.all-runs *)")
    figures = seen.page.locator("main figure img:not(.epochs *)")
    if page.parent.name in NAMES:
        assert tables.count() > 0
        assert figures.count() > 0
    assert [t.inner_text() for t in tables.all() if not t.is_visible()] == []
    assert [f.get_attribute("alt") for f in figures.all() if not f.is_visible()] == []
    controls = seen.page.locator("input, select, [data-action], dialog[open], [data-x], [data-y]")
    assert [c.evaluate("e => e.outerHTML") for c in controls.all() if c.is_visible()] == []
    assert seen.page.locator("h1").is_visible()


def test_without_scripts_all_there_is_to_read_is_there(visit, page) -> None:
    seen = visit(page, script=False)
    assert seen.page.locator("h1").is_visible()
    assert all(table.is_visible() for table in seen.page.locator("main table").all())
    assert all(image.is_visible() for image in seen.page.locator("main figure img").all())
    controls = seen.page.locator("input, select, button, [data-action]")
    assert [c.evaluate("e => e.outerHTML") for c in controls.all() if c.is_visible()] == []


@pytest.mark.parametrize("first", ["light", "dark"])
def test_the_theme_is_the_systems_until_it_is_switched_and_is_remembered(visit, pages, first):
    seen = visit(pages / "mixtures" / "index.html", theme=first)
    root = seen.ready()
    background = "getComputedStyle(document.body).backgroundColor"
    shades = [seen.page.evaluate(background)]
    switch = seen.page.locator("button[data-action=theme]")
    switch.focus()
    seen.page.keyboard.press("Space")
    other = {"light": "dark", "dark": "light"}[first]
    assert root.get_attribute("data-theme") == other
    shades.append(seen.page.evaluate(background))
    assert shades[0] != shades[1]
    seen.page.reload()
    assert seen.ready().get_attribute("data-theme") == other
    seen.page.locator("button[data-action=theme]").click()
    assert root.get_attribute("data-theme") == first
    assert seen.page.evaluate(background) == shades[0]
