"""How long JAX has compiled, by its own word."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jax import monitoring

_EVENTS = (
    "/jax/core/compile/jaxpr_to_mlir_module_duration",
    "/jax/core/compile/backend_compile_duration",
)


@dataclass
class Compiling:
    """Seconds of lowering and compiling so far; tracing the Python code is not in them."""

    seconds: float = 0.0


@contextmanager
def compiling_noted() -> Iterator[Compiling]:
    """Adds up what the process compiles inside the block.

    Examples
    --------
    >>> import jax
    >>> with compiling_noted() as compiling:
    ...     three = jax.jit(lambda x: x + 1)(2)
    >>> compiling.seconds > 0
    True
    """
    compiling = Compiling()

    def note(event: str, seconds: float, **_: str | int) -> None:
        if event in _EVENTS:
            compiling.seconds += seconds

    monitoring.register_event_duration_secs_listener(note)
    try:
        yield compiling
    finally:
        monitoring.unregister_event_duration_listener(note)
