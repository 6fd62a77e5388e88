"""A report's page as PDF, printed by a browser that is installed."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from suite.errors import InputError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-pdf-header-footer",
)
_SECONDS = 180

# Dates are the only thing in it that is not the page's: set to a fixed one of the same length.
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)(\d{14})([+-]\d\d'\d\d'\))")


def print_page(page: Path, target: Path) -> None:
    """Print an HTML file to `target`, the same byte for byte by the same browser.

    Raises
    ------
    InputError
        If there is no Chromium or Chrome, or it does not print the page.
    """
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise InputError(
            "--format pdf: expected an installed Chromium or Chrome to print the page, found none "
            f"({', '.join(_BROWSERS)}); install one (Debian: apt install chromium), or leave out "
            "pdf and print index.html from any browser."
        )
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *_OPTIONS, f"--user-data-dir={profile}", f"--print-to-pdf={target}"]
        try:
            ended = subprocess.run(
                [*command, page.resolve().as_uri()], capture_output=True, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise InputError(
                f"--format pdf: {browser} did not print the page within {_SECONDS} seconds; print "
                "index.html from a browser."
            ) from None
    if ended.returncode or not target.is_file():
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            f"--format pdf: {browser} did not print the page ({said[-1] if said else 'no reason'})"
            "; print index.html from a browser."
        )
    target.write_bytes(_DATE.sub(rb"\g<1>20000101000000+00'00')", target.read_bytes()))
