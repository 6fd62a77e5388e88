"""The table of results in the project's README: what each study's stored results answer.

    python -m studies.report.front_page README.md reports

writes it anew between its two marks; `make report` does so too.
"""

import sys
from pathlib import Path

from studies.report.building import build_answer
from studies.report.loaded import StudyResults
from studies.report.words import escaped
from studies.results import ResultStore
from suite.errors import InputError

BEGIN, END = "<!-- results: made by `make report` -->", "<!-- end of results -->"


def results_table(reports: Path, link: str = "reports") -> str:
    """The studies in `reports` as a table in Markdown: title with link, answer.

    Parameters
    ----------
    reports
        The folder with a folder a study, each with its results.sqlite.
    link
        What leads from the README to that folder.

    Raises
    ------
    InputError
        If there are no stored results or they cannot be read.
    """
    stores = sorted(Path(reports).glob("*/results.sqlite"))
    if not stores:
        raise InputError(f"expected stored results in {reports}, found none; run a study first.")
    lines = ["| study | answer, from its stored results |", "| --- | --- |"]
    for path in stores:
        results = StudyResults.read(ResultStore(path), path.parent.name)
        title = escaped(str(results.document["title"]))
        study = f"[{title}]({link}/{path.parent.name}/README.md)"
        lines.append(f"| {_cell(study)} | {_cell(build_answer(results).headline)} |")
    return "\n".join(lines)


def filled(text: str, table: str) -> str:
    """`text` with `table` between its marks, whatever stood there before.

    >>> print(filled(f"# Title\\n{BEGIN}\\nold\\n{END}\\nThe end.", "| new |"))
    # Title
    <!-- results: made by `make report` -->
    <BLANKLINE>
    | new |
    <BLANKLINE>
    <!-- end of results -->
    The end.

    Raises
    ------
    InputError
        If the marks are not there, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in after:
        raise InputError(
            f"expected the marks {BEGIN!r} and {END!r}, once each, around the table of results; "
            "put them where it should stand."
        )
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def main(arguments: list[str]) -> int:
    """Fill the README named first with the results in the folder named second."""
    try:
        readme, reports = map(Path, arguments)
    except ValueError:
        print("usage: python -m studies.report.front_page README.md reports", file=sys.stderr)
        return 2
    old = readme.read_text(encoding="utf-8")
    new = filled(old, results_table(reports, reports.name))
    if new != old:
        readme.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
