"""What every committed README keeps to, however it was made."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
READMES = [ROOT / "README.md", *sorted((ROOT / "reports").glob("*/README.md"))]
_FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$[^$\n]+\$")


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_formulas_survive_code_hosts(path: Path) -> None:
    """A backslash before punctuation is taken for an escape there, and is gone from the formula."""
    formulas = _FORMULA.findall(re.sub(r"`[^`]*`|```.*?```", "", path.read_text(), flags=re.S))
    assert [f for f in formulas if re.search(r"\\[^a-zA-Z\s]", f)] == []


def test_formulas_are_found() -> None:
    found = [f for path in READMES for f in _FORMULA.findall(path.read_text())]
    assert len(found) > 50
    assert any("parallel" in f for f in found)
