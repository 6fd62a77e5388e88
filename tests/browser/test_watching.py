"""What the tests of pages rely on: each kind of defect is seen."""

from collections.abc import Callable
from pathlib import Path

import pytest

DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
SOUND = f"""<!doctype html><html lang="en"><title>A page</title>
<main><h1>A page</h1><p>All is well.</p><img alt="A dot" src="{DOT}"></main></html>"""


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., Path]:
    """Writes a sound page with something added to it."""

    def write(*additions: str) -> Path:
        path = tmp_path / "index.html"
        path.write_text(SOUND.replace("</main>", "".join(additions) + "</main>"), encoding="utf-8")
        return path

    return write


def test_a_sound_page_passes(visit, page_of) -> None:
    seen = visit(page_of(), size=(390, 844), theme="dark")
    assert seen.overflow() <= 0
    assert seen.barriers() == []


def test_errors_are_heard(browser, page_of) -> None:
    from tests.browser.browsing import opened

    page = page_of(
        "<script>console.error('said')</script>",
        "<script>throw new Error('thrown')</script>",
        "<script>Promise.reject(new Error('rejected'))</script>",
    )
    seen = opened(browser, page)
    seen.page.wait_for_timeout(100)
    seen.page.context.close()
    assert sorted(seen.errors) == ["rejected", "said", "thrown"]
    with pytest.raises(AssertionError):
        seen.went_well()


def test_requests_are_seen(browser, page_of) -> None:
    from tests.browser.browsing import opened

    page = page_of(
        "<img alt='' src='beside.png'>",
        "<img alt='' src='https://example.invalid/x.png'>",
        "<link rel='stylesheet' href='https://example.invalid/x.css'>",
        "<script>fetch('http://example.invalid/x.json').catch(() => 0)</script>",
        "<style>@font-face { font-family: f; src: url(//example.invalid/f.woff2) }"
        " h1 { font-family: f }</style>",
    )
    seen = opened(browser, page)
    seen.page.wait_for_timeout(100)
    seen.page.context.close()
    asked = sorted(address.rsplit("/", 1)[1] for address in seen.left_the_file)
    # A page from disk resolves //host to file://host: a request all the same.
    assert asked == ["beside.png", "f.woff2", "x.css", "x.json", "x.png"]


def test_what_is_too_wide_is_measured(visit, page_of) -> None:
    seen = visit(page_of("<div style='width: 500px'>wide</div>"), size=(390, 844))
    assert seen.overflow() > 100


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_barriers_are_named(visit, page_of, theme: str) -> None:
    seen = visit(page_of("<p style='color: #ddd; background: #fff'>pale</p>"), theme=theme)
    assert [barrier.split(" ")[0] for barrier in seen.barriers()] == ["color-contrast"]
