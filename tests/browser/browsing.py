"""Opening a page in headless Chromium and watching what it does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, sync_playwright

from tests.browser.sizes import DESK

# Root cannot have Chromium's sandbox; the rest keeps the browser itself off the network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path() -> str | None:
    """The Chromium of this machine: what $SUITE_BROWSER names, or what is on the path."""
    named = os.environ.get("SUITE_BROWSER")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """A headless browser, with a user-data folder of its own that goes when it ends."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page that was opened, and what it has done since."""

    page: Page
    errors: list[str] = field(default_factory=list)
    left_the_file: list[str] = field(default_factory=list)

    @classmethod
    def watch(cls, page: Page) -> "Visit":
        """Watch a page that is still empty."""
        visit = cls(page)
        page.on("console", visit._heard)
        page.on("pageerror", lambda error: visit.errors.append(str(error)))
        page.on("request", visit._asked)
        return visit

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        opened = request.is_navigation_request() and request.url.startswith("file:")
        if not opened and not request.url.startswith(("data:", "blob:")):
            self.left_the_file.append(request.url)

    def went_well(self) -> None:
        """Fail if anything was said on the console or asked for outside the file."""
        assert self.errors == []
        assert self.left_the_file == []

    def ready(self) -> Locator:
        """The page's root element, once its scripts are through."""
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page.locator("html")

    def overflow(self) -> int:
        """By how many pixels the document is wider than its window."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth"))

    def barriers(self) -> list[str]:
        """What axe-core calls serious or critical: the rule, then the first places."""
        rules: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']} ({len(rule['nodes'])}): {'; '.join(map(_place, rule['nodes'][:3]))}"
            for rule in rules
            if rule["impact"] in ("serious", "critical")
        ]


def _place(node: dict[str, Any]) -> str:
    reasons = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
    return f"{node['target']} {reasons[:1]}"


def opened(
    browser: Browser,
    path: Path,
    *,
    size: tuple[int, int] = DESK,
    theme: str = "light",
    script: bool = True,
    fragment: str = "",
) -> Visit:
    """Open a file from disk in a fresh profile."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    visit = Visit.watch(context.new_page())
    visit.page.goto(path.as_uri() + (f"#{fragment}" if fragment else ""))
    return visit
