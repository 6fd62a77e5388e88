"""A row opens its runs, by mouse, by keyboard and by address."""

from pathlib import Path

import pytest

PANEL = "dialog[data-panel=run]"


@pytest.fixture
def seen(visit, pages: Path):
    """The report on mixtures, opened."""
    found = visit(pages / "mixtures" / "index.html")
    found.ready()
    return found


def opener(seen, dataset: str, estimator: str):
    return seen.page.locator(f"a[data-run^='{dataset}-{estimator}-']").first


def test_a_click_opens_the_run_and_escape_closes_it(seen) -> None:
    link = opener(seen, "iris", "em")
    panel = seen.page.locator(PANEL)
    assert not panel.is_visible()
    link.click()
    assert panel.is_visible()
    title = panel.locator("h2").inner_text()
    assert "iris" in title
    assert "EM (by hand)" in title
    for part in ("settings", "status", "curve", "command"):
        assert panel.locator(f"[data-part={part}]").first.is_visible(), part
    command = panel.locator("[data-part=command]").inner_text()
    assert "studies run mixtures.toml --datasets iris --estimators em" in command
    assert seen.barriers() == []
    seen.page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert "#run-" not in seen.page.url
    assert link.evaluate("e => e === document.activeElement")


def test_the_keyboard_opens_stays_inside_and_returns(seen) -> None:
    link = opener(seen, "faithful", "sklearn")
    link.focus()
    seen.page.keyboard.press("Enter")
    panel = seen.page.locator(PANEL)
    assert panel.is_visible()
    inside = f"document.querySelector('{PANEL}').contains(document.activeElement)"
    assert seen.page.evaluate(inside)
    for _ in range(20):
        seen.page.keyboard.press("Tab")
        # Between the last and the first stop the browser's own controls have the focus: the body.
        assert seen.page.evaluate(f"{inside} || document.activeElement === document.body")
    panel.locator("[data-action=close]").focus()
    seen.page.keyboard.press("Enter")
    assert not panel.is_visible()
    assert link.evaluate("e => e === document.activeElement")


def test_the_other_seeds_are_a_button_away(seen) -> None:
    opener(seen, "galaxies", "svi").click()
    panel = seen.page.locator(PANEL)
    titles = [panel.locator("h2").inner_text()]
    for _ in range(2):
        panel.locator("[data-action=next]").click()
        titles.append(panel.locator("h2").inner_text())
    assert len(set(titles)) == 3
    panel.locator("[data-action=previous]").click()
    assert panel.locator("h2").inner_text() == titles[1]


def test_an_address_opens_a_failed_run_with_its_traceback(visit, pages: Path) -> None:
    seen = visit(pages / "mixtures" / "index.html", fragment="run-iris-svi-1")
    seen.ready()
    panel = seen.page.locator(PANEL)
    assert panel.is_visible()
    assert "diverged" in panel.locator("[data-part=status]").inner_text()
    assert "became NaN at epoch 3" in panel.inner_text()
    assert "Traceback" in panel.locator("[data-part=traceback]").inner_text()
    assert seen.barriers() == []
    panel.locator("[data-action=close]").click()
    assert not panel.is_visible()
    assert seen.page.evaluate("document.activeElement !== document.body")


def test_a_run_of_a_vae_shows_its_pictures_on_a_phone(visit, pages: Path) -> None:
    seen = visit(pages / "vaes" / "index.html", size=(390, 844))
    seen.ready()
    opener(seen, "mnist", "torch-vae").click()
    panel = seen.page.locator(PANEL)
    pictures = panel.locator("[data-part=pictures] img")
    assert pictures.count() > 0
    assert pictures.evaluate_all("all => all.every(i => i.complete && i.naturalWidth > 0 && i.alt)")
    assert seen.overflow() <= 0
    box = panel.bounding_box()
    assert box["width"] <= 390
