"""Curves switch between iterations and seconds, raw and gap; pictures go through the epochs."""

from pathlib import Path

import pytest

CURVES = "[data-curves]"


@pytest.fixture
def curves(visit, pages: Path):
    """The report on mixtures, opened, and its first interactive chart."""
    seen = visit(pages / "mixtures" / "index.html")
    seen.ready()
    return seen, seen.page.locator(CURVES).first


def picture(curves) -> bytes:
    """What the chart looks like."""
    return curves.locator("[data-plot]").screenshot()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
@pytest.mark.parametrize(
    ("axis", "first", "second"), [("x", "steps", "seconds"), ("y", "raw", "gap")]
)
def test_the_axes_switch(curves, by: str, axis: str, first: str, second: str) -> None:
    seen, chart = curves
    state = f"data-{axis}-now"
    for chosen, other in ((second, first), (first, second)):
        button = chart.locator(f"button[data-{axis}={chosen}]")
        if chart.get_attribute(state) == chosen:
            continue
        before = picture(chart)
        if by == "mouse":
            button.click()
        else:
            button.focus()
            seen.page.keyboard.press("Enter")
        assert chart.get_attribute(state) == chosen
        assert button.get_attribute("aria-pressed") == "true"
        assert (
            chart.locator(f"button[data-{axis}={other}]").get_attribute("aria-pressed") == "false"
        )
        seen.page.mouse.move(0, 0)
        assert picture(chart) != before


def test_the_legend_hides_and_shows_a_curve(curves) -> None:
    seen, chart = curves
    button = chart.locator("button[data-series=svi]")
    before = picture(chart)
    button.focus()
    seen.page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    assert picture(chart) != before
    seen.page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "true"


def test_the_arrows_read_values_off_the_curves(curves) -> None:
    seen, chart = curves
    plot, reading = chart.locator("[data-plot]"), chart.locator("output[data-hover]")
    plot.focus()
    read = []
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
        read.append(reading.inner_text())
    assert all(any(digit in text for digit in "0123456789") for text in read)
    assert len(set(read)) > 1
    assert "EM (by hand)" in read[-1]


def test_the_epochs_change_the_pictures(visit, pages: Path) -> None:
    seen = visit(pages / "vaes" / "index.html")
    seen.ready()
    place = seen.page.locator("[data-epochs-of]").first
    slider, shown = place.locator("input[data-epochs]"), place.locator("output[data-epoch]")
    pictures = place.locator("img[data-epoch-picture]")
    assert seen.page.get_by_role("slider").and_(slider).count() == 1
    assert pictures.count() > 0
    assert pictures.evaluate_all("all => all.every(image => image.alt)")
    seen_so_far = []
    slider.focus()
    seen.page.keyboard.press("Home")
    for _ in range(5):
        seen_so_far.append((shown.inner_text(), pictures.first.get_attribute("src")))
        seen.page.keyboard.press("ArrowRight")
    assert len({source for _, source in seen_so_far}) == 5
    numbers = ["".join(filter(str.isdigit, text)) for text, _ in seen_so_far]
    assert numbers == ["1", "2", "5", "10", "30"]
