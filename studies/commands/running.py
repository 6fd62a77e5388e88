"""Studies one after the other, whatever goes wrong on the way, and the command's exit status."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from studies.commands.run_output import RunOutput, count_statuses
from studies.locking import check_free
from studies.processes import preload
from studies.runner import RunPlan, StudyRun, prepare, run_plan
from studies.schema import Study
from studies.stopping import exit_status, stoppable
from suite.errors import InputError
from suite.registry import estimator_spec

_STOPPED = "Stopped. What has finished is stored; the same command goes on from there."


def run_studies(
    chosen: Sequence[tuple[str, Study]],
    output: RunOutput,
    folder: Path,
    *,
    profile: str,
    device: str,
    force: bool,
    jobs: int = 1,
) -> int:
    """Check all studies, then run them.

    Parameters
    ----------
    chosen
        Names and resolved studies.
    output
        Told of everything, of the end as well, however it comes.
    folder
        Of all reports.
    profile, device, force, jobs
        As on the command line.

    Returns
    -------
    0 if every run ended well, 1 if some did not or a file could not be written, 130 after Ctrl-C,
    143 after SIGTERM.

    Raises
    ------
    InputError
        For a mistake in what was asked, once `output` has been told.
    """
    plans: list[RunPlan] = []
    runs: list[StudyRun] = []
    try:
        with stoppable():
            plans += _checked(chosen, output, folder, profile=profile, device=device)
            for plan in plans:
                runs.append(_run(plan, output, folder, force=force, jobs=jobs))
        status, message = (1 if any(run.failures for run in runs) else 0), ""
    except KeyboardInterrupt as stopped:
        status, message = exit_status(stopped), _STOPPED
    except InputError as error:
        output.ends(runs, count_statuses(plans, folder), 2, f"error: {error}")
        raise
    except BrokenPipeError:
        return _unheard()
    except OSError as error:
        status, message = 1, f"error: {error}"
    try:
        output.ends(runs, count_statuses(plans, folder), status, message)
    except BrokenPipeError:
        return _unheard()
    return status


def _checked(
    chosen: Sequence[tuple[str, Study]],
    output: RunOutput,
    folder: Path,
    *,
    profile: str,
    device: str,
) -> list[RunPlan]:
    """Plans of all studies, once each of them is known to be able to start."""
    for name, _ in chosen:
        check_free(folder / name)
    output.checking()
    preload(
        estimator_spec(entry.estimator or own)
        for _, study in chosen
        for own, entry in study.estimators.items()
    )
    return [prepare(study, name, profile, device) for name, study in chosen]


def _run(plan: RunPlan, output: RunOutput, folder: Path, *, force: bool, jobs: int) -> StudyRun:
    with output.display() as display:
        run = run_plan(plan, folder, display, arguments=sys.argv[1:], force=force, jobs=jobs)
    output.finished(run)
    return run


def _unheard() -> int:
    """The exit status when whoever read the output has gone, with no complaint at Python's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
