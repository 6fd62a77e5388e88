"""What the server of processes imports, once a command, so that no cell's clock sees an import.

Estimators of optional extras are imported before this module where a study asks for them
(`studies.processes.preload`): they take as long as all the rest.
"""

import gc
from contextlib import suppress
from importlib import import_module
from time import process_time

# torch.optim imports torch._dynamo, which takes seconds, not with itself but at an optimizer's
# first step.
import_module("torch._dynamo")
import_module("studies.worker")
import_module("studies.parity_worker")
_registry = import_module("suite.registry")
for _spec in _registry.ESTIMATORS.values():
    if _spec.extra is None:
        with suppress(_registry.UnavailableError):
            _spec.load()

# What pandas and scikit-learn set up when they first read and split a table. Neither starts a
# thread here: a fork would not take it along.
_load = import_module("suite.data").load
for _table in ("faithful", "iris"):
    _load(_table, random_state=0)

# A collection in a forked process would write to every object that it looks at, and so have the
# system copy the memory that it shares with the server.
gc.collect()
gc.freeze()

IMPORT_SECONDS = process_time()
"""Processor time of the server until here: all its imports."""
