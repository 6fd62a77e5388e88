"""What a study's page has beside its document: runs, curves, pictures over epochs, conditions."""

from dataclasses import dataclass
from typing import Any

from studies.report.html.curve_data import curve_data
from studies.report.html.pictures import epoch_pictures
from studies.report.html.run_data import Places, rerun_command, run_data
from studies.report.loaded import StudyResults
from studies.report.words import significant


@dataclass(frozen=True)
class Extras:
    """What a page shows beside a document.

    Parameters
    ----------
    places
        Which runs belong to a table's rows.
    runs
        Every run, for the panels (`studies.report.html.run_data.run_data`).
    listing
        Every run as a line of text: key, data set, estimator, seed, status, seconds, command.
    curves
        The curves to switch; None if there are none.
    epochs
        Pictures over epochs, one entry a data set.
    provenance
        Names and values of what the study was made with.
    """

    places: Places
    runs: dict[str, Any] | None = None
    listing: tuple[dict[str, str], ...] = ()
    curves: dict[str, Any] | None = None
    epochs: tuple[dict[str, Any], ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()

    @classmethod
    def none(cls) -> "Extras":
        """For a document that is of no study."""
        return cls(Places.none())


def extras_of(results: StudyResults) -> Extras:
    """What a study's page has beside its document."""
    return Extras(
        places=Places.of(results),
        runs=run_data(results),
        listing=tuple(_lines(results)),
        curves=curve_data(results),
        epochs=tuple(epoch_pictures(results)),
        provenance=tuple(_provenance(results)),
    )


def conditions(results: StudyResults) -> str:
    """When and on what a study was run last, in a line; "" where that was not kept."""
    given, machine = results.provenance, results.provenance.get("machine")
    parts = [str(given["started"])[:10]] if given.get("started") else []
    if isinstance(machine, dict):
        forms = (("processor", "{}"), ("cores", "{} cores"))
        parts += [form.format(machine[name]) for name, form in forms if machine.get(name)]
    elif machine:
        parts.append(str(machine))
    return ", ".join(parts)


def _lines(results: StudyResults) -> list[dict[str, str]]:
    times = results.scores[results.scores["metric"] == "fit_seconds"].set_index("key")["value"]
    lines = []
    for key, dataset, estimator, seed, status in results.cells[
        ["key", "dataset", "estimator", "seed", "status"]
    ].to_numpy():
        value = float(times[key]) if key in times.index else float("nan")
        lines.append(
            {
                "key": key,
                "dataset": dataset,
                "estimator": results.plain_label(estimator),
                "seed": str(seed),
                "status": status,
                "seconds": significant(value),
                "value": repr(value) if value == value else "",
                "command": rerun_command(results, dataset, estimator, int(seed)),
            }
        )
    return lines


def _provenance(results: StudyResults) -> list[tuple[str, str]]:
    given = results.provenance
    found = [("study", results.name), ("profile", str(results.document.get("profile", "full")))]
    if given.get("started"):
        found.append(("last run", str(given["started"]).replace("T", " ").split("+")[0] + " UTC"))
    if given.get("command"):
        found.append(("command", str(given["command"])))
    git = given.get("git")
    if isinstance(git, dict) and git.get("commit"):
        changed = " with uncommitted changes" if git.get("uncommitted_changes") else ""
        found.append(("commit", f"{git['commit']}{changed}"))
    machine = given.get("machine")
    if isinstance(machine, dict):
        found += [(name.replace("_", " "), str(machine[name])) for name in sorted(machine)]
    elif machine:
        found.append(("machine", str(machine)))
    versions = given.get("versions") or {}
    if versions:
        found.append(("versions", ", ".join(f"{n} {versions[n]}" for n in sorted(versions))))
    return found
