"""What the server of processes imports, once a run, so that no cell's clock sees an import."""

import gc
from contextlib import suppress
from importlib import import_module
from time import perf_counter

_BEGAN = perf_counter()

# torch.optim imports torch._dynamo, which takes seconds, not with itself but at an optimizer's
# first step.
import_module("torch._dynamo")
import_module("studies.worker")
_registry = import_module("suite.registry")
for _spec in _registry.ESTIMATORS.values():
    with suppress(_registry.UnavailableError):
        _spec.load()

# A collection in a forked process would write to every object that it looks at, and so have the
# system copy the memory that it shares with the server.
gc.collect()
gc.freeze()

IMPORT_SECONDS = perf_counter() - _BEGAN
"""How long that took."""
