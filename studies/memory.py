"""How much memory a piece of work takes beyond what was there before it."""

import ctypes
from contextlib import suppress
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # what Linux resets the high-water mark for (proc(5), clear_refs)
_KIB_IN_MB = 1024 / 1e6
_LOOKS_PER_SECOND = 20.0
_SHARE_OF_WHAT_IS_FREE = 0.8
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class MemoryGauge:
    """The high-water mark of this process's resident memory, from the moment it is made.

    Linux alone lets a process reset the mark; elsewhere, and where it is forbidden, there is no
    reading. Memory that was freed before but is still held by the allocator is given back first:
    what is measured would else hide in it.
    """

    def __init__(self) -> None:
        _trim()
        self._before = _resident("VmRSS") if _reset_peak() else None

    def peak(self) -> float | None:
        """MB by which resident memory has exceeded what it was; None if it cannot be told."""
        top = _resident("VmHWM")
        return None if self._before is None or top is None else max(0.0, top - self._before)


class MemoryWatch:
    """Looks, from outside, at what a process holds beyond what it held at first.

    Counted is resident memory that is the process's own: the libraries' code and files that are
    mapped, which every process of a run shares, are not in it.

    Parameters
    ----------
    pid
        The process; None if it is gone already.
    limit
        MB.
    """

    interval = 1 / _LOOKS_PER_SECOND
    """Seconds between two looks: at some GB a second of fresh memory, 0.1 to 0.2 GB."""

    def __init__(self, pid: int | None, limit: float) -> None:
        self._limit = limit
        self._process: psutil.Process | None = None
        if pid is not None:  # psutil would take None for this very process
            with suppress(psutil.NoSuchProcess):
                self._process = psutil.Process(pid)
        self._before = self._own()

    def excess(self) -> float | None:
        """MB beyond what it held at first, if that is over the limit; None if it is not."""
        more = self._own() - self._before
        return more if more > self._limit else None

    def _own(self) -> float:
        if self._process is None:
            return 0.0
        try:
            found = self._process.memory_info()
        except psutil.Error:  # it has ended
            return 0.0
        return float(found.rss - getattr(found, "shared", 0)) / 1e6


def default_limit(parts: int) -> float:
    """MB that one of so many cells at once may take: four fifths of what is free, shared."""
    return _SHARE_OF_WHAT_IS_FREE * _free() / parts


def _free() -> float:
    """MB of memory that new work can have, in this machine or container."""
    free = float(psutil.virtual_memory().available)
    for file in _CONTAINER_LIMITS:
        try:
            free = min(free, float(file.read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return free / 1e6


def _reset_peak() -> bool:
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _resident(name: str) -> float | None:
    """A line of the process's status, in MB."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    kib = [int(line.split()[1]) for line in lines if line.startswith(f"{name}:")]
    return kib[0] * _KIB_IN_MB if kib else None


def _trim() -> None:
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):  # only the GNU C library has it
        return
