"""Where results come from: versions, machine and code, without names of users, hosts or folders."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    "torch",
    "torchvision",
    "pyro-ppl",
    "pytorch-optimizer",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "seaborn",
    "matplotlib",
    "latent-variable-suite",
)


def provenance(arguments: list[str], jobs: int = 1) -> dict[str, Any]:
    """What a reader needs to repeat a run: command, versions, machine, commit, time.

    Parameters
    ----------
    arguments
        The command line without the program.
    jobs
        How many cells run at once.
    """
    return {
        "jobs": jobs,
        "command": " ".join(["studies", *arguments]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in _PACKAGES},
        "machine": machine(),
        "git": _git(),
    }


def machine() -> dict[str, Any]:
    """The computer, so far as it bears on timings."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def without_paths(text: str) -> str:
    """`text`, a traceback say, without the folders in which this machine keeps its code."""
    for folder in (str(Path(__file__).resolve().parent.parent), sys.prefix, sys.base_prefix):
        text = text.replace(folder + os.sep, "")
    return text.replace(str(Path.home()), "~")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _git() -> dict[str, Any]:
    """The commit of this code and whether it was changed since; empty outside a checkout."""
    folder = Path(__file__).resolve().parent.parent

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        if Path(ask("rev-parse", "--show-toplevel")).resolve() != folder:
            return {}
        changed = ask("status", "--porcelain", "--", "suite", "studies")
        return {"commit": ask("rev-parse", "HEAD"), "uncommitted_changes": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {}
