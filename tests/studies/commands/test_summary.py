"""The closing table: readable at any width, with every number whole."""

import pandas as pd
import pytest

from studies.commands.summary import summary_lines

NUMBERS = [f"−123,456.{i:03}" for i in range(8)]


def frame(runs_ok: str = "3/3") -> pd.DataFrame:
    rows = [
        {
            "data": data,
            "estimator": label,
            "runs ok": ok,
            **{f"log p(x)\nheld out\n[nats] {i}": number for i, number in enumerate(NUMBERS)},
        }
        for data in ("iris", "wine")
        for label, ok in (("EM (by hand)", "3/3"), ("SVI (Pyro)", runs_ok))
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_too_long_and_no_number_is_cut(width: int) -> None:
    lines = summary_lines(frame(), "t", width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert all(text.count(number) == 4 for number in NUMBERS)
    assert " ".join(lines).startswith("t: medians over seeds, all runs ended well ")


def test_each_number_stands_under_its_header_and_beside_its_estimator() -> None:
    lines = summary_lines(frame(), "t", 200)
    assert lines[2:7] == [
        " " * 14 + "      log p(x)" * 8,
        " " * 14 + "      held out" * 8,
        " " * 14 + "".join(f"      [nats] {i}"[-14:] for i in range(8)),
        "─" * (14 + 14 * 8),
        "iris",
    ]
    assert lines[7] == "  EM (by hand)" + "".join(f"  {number}" for number in NUMBERS)
    assert [line for line in lines if not line.startswith(" ")][-1] == "wine"


def test_runs_that_are_missing_are_counted() -> None:
    lines = summary_lines(frame("2/3"), "t", 200)
    assert lines[0] == "t: medians over seeds"
    assert sum("  2/3  " in line for line in lines) == 2
    assert sum("  3/3  " in line for line in lines) == 2
