"""Estimators that go wrong, each in its way, and studies of them: what tests of faults run."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from time import sleep
from typing import Any
from zlib import crc32

import psutil

from studies.cells import Cell
from studies.display import SilentDisplay
from studies.profiles import resolve
from studies.results import CellResult
from studies.runner import RunPlan, prepare
from studies.study_files import load_study

# A class a fault, in a module outside the program. `fit` of the sound one takes as long as is asked
# for, in ten steps.
MODULE = '''
import ctypes, os, signal, struct, subprocess, sys, time
from multiprocessing.connection import Connection
import numpy as np
from suite.gmm import EMGaussianMixture

class Sound(EMGaussianMixture):
    suite_family = "mixture"

class Napping(Sound):
    """Has a child of its own meanwhile, whose number it leaves behind."""
    def fit(self, X, y=None, *, callback=None):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(os.path.join(os.path.dirname(__file__), "started"), "a") as file:
            file.write(f"{os.getpid()} {child.pid}\\n")
        ctypes.PyDLL(None).sleep(600)  # C code that holds the interpreter's lock

class Hanging(Sound):
    def fit(self, X, y=None, *, callback=None):
        ctypes.PyDLL(None).sleep(600)

class HangingLater(Sound):
    """Once fitted, it hangs when it is asked for its bound."""
    def fit(self, X, y=None, *, callback=None):
        super().fit(X, callback=callback)
        type(self).lower_bound_ = property(lambda self: ctypes.PyDLL(None).sleep(600))
        return self

class Greedy(Sound):
    def fit(self, X, y=None, *, callback=None):
        held = []
        while True:
            held.append(np.ones(2_500_000))  # 20 MB, touched

class Refused(Sound):
    def fit(self, X, y=None, *, callback=None):
        np.ones(2**50)

class RefusedByTorch(Sound):
    def fit(self, X, y=None, *, callback=None):
        import torch
        torch.ones(2**58)

class Raising(Sound):
    def fit(self, X, y=None, *, callback=None):
        raise ZeroDivisionError("nothing to divide by")

class Diverging(Sound):
    def fit(self, X, y=None, *, callback=None):
        super().fit(X, callback=callback)
        self.lower_bound_ = float("nan")
        return self

class Segfaulting(Sound):
    def fit(self, X, y=None, *, callback=None):
        ctypes.string_at(0)

class Killed(Sound):
    def fit(self, X, y=None, *, callback=None):
        os.kill(os.getpid(), signal.SIGKILL)

class KilledInSending(Sound):
    """Fits well, and is killed when half of its result has been sent."""
    def fit(self, X, y=None, *, callback=None):
        super().fit(X, callback=callback)
        def send_half(connection, content):
            half = bytes(content)[: len(content) // 2]
            os.write(connection.fileno(), struct.pack("!i", len(content)) + half)
            os.kill(os.getpid(), signal.SIGKILL)
        Connection._send_bytes = send_half
        return self

class Leaving(Sound):
    def fit(self, X, y=None, *, callback=None):
        os._exit(7)

class Exiting(Sound):
    def fit(self, X, y=None, *, callback=None):
        raise SystemExit("enough")
'''

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "{first}"
metrics = ["log_likelihood", "fit_seconds"]
seeds = {seeds}
timing = {timing}
sections = ["failures", "method"]

[comparison]
repeats = []

[stopping]
tolerance = 1e-5
max_steps = 10
time_limit = {time_limit}
memory_limit = {memory_limit}

[datasets.faithful]
load = "{data}"
settings = {{ n_components = 2 }}
"""


def write_study(
    folder: Path,
    names: Sequence[str],
    *,
    seeds: int = 1,
    time_limit: float = 60.0,
    memory_limit: float = 1000.0,
    timing: bool = False,
    data: str = "faithful",
) -> Path:
    """A study file of these classes of `MODULE`, and the module beside it."""
    folder.mkdir(exist_ok=True)
    # A name of its own for every test: a process that is shared would keep another's module.
    module = f"faulty_{crc32(bytes(folder))}"
    (folder / f"{module}.py").write_text(textwrap.dedent(MODULE))
    text = STUDY.format(
        first=names[0],
        seeds=seeds,
        time_limit=time_limit,
        memory_limit=memory_limit,
        timing=str(timing).lower(),
        data=data,
    )
    for name in names:
        text += f'\n[estimators.{name}]\nestimator = "{module}:{name}"\n'
    path = folder / "faulty.toml"
    path.write_text(text)
    return path


def planned(folder: Path, names: Sequence[str], **settings: Any) -> RunPlan:
    """A plan of such a study that has passed every check."""
    name, study = load_study(str(write_study(folder, names, **settings)))
    return prepare(resolve(study), name, "full", "cpu")


class Log(SilentDisplay):
    """A display that remembers."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.at_once = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def cell_begins(self, cell: Cell) -> None:
        self.begun.append(str(cell))
        self.at_once = max(self.at_once, len(self.begun) - len(self.ended))

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        self.ended.append((str(cell), result.status))


def gone(numbers: list[int]) -> bool:
    """Whether these processes end within some seconds; a zombie has ended."""
    for _ in range(100):
        if not any(alive(number) for number in numbers):
            return True
        sleep(0.1)
    return False


def alive(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
