"""A browser for the tests of pages; without one they are skipped, with the reason."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.browsing import Visit

INSTALLED = find_spec("playwright") is not None and find_spec("axe_playwright_python") is not None
collect_ignore = [] if INSTALLED else ["browsing.py"]


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    """One browser for all tests of this folder, in a worker."""
    if not INSTALLED:
        pytest.skip("no driver for a browser: pip install -c constraints.txt -e '.[browser]'")
    from tests.browser.browsing import browser_path, running

    path = browser_path()
    if path is None:
        pytest.skip("no browser: apt-get install chromium, or name one in $SUITE_BROWSER")
    with running(path) as started:
        yield started


@pytest.fixture(scope="package")
def pages(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of made-up reports; not made where no browser could open them."""
    from tests.browser.pages import write_pages

    folder = tmp_path_factory.mktemp("reports")
    write_pages(folder)
    return folder


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Callable[..., "Visit"]]:
    """Opens pages, and fails if one logged an error or asked for anything outside itself."""
    from tests.browser.browsing import opened

    visits = []

    def open_page(*args: object, **options: object) -> "Visit":
        visits.append(opened(browser, *args, **options))
        return visits[-1]

    yield open_page
    for seen in visits:
        seen.page.context.close()
        seen.went_well()
