"""Threads: torch's own, or one for each part of the data."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

_changing = Lock()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let each operation of torch run on the thread that calls it; as before at the end.

    The setting is the process's: while one thread has changed it, another that asks goes on with
    what there is.
    """
    if not _changing.acquire(blocking=False):
        yield
        return
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)
        _changing.release()
