"""JAX's precision and device for a block of code, whatever the process has chosen."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax


@contextmanager
def jax_precision(dtype: str) -> Iterator[None]:
    """JAX in "float32" or "float64" and on the CPU, inside the block and in this thread alone.

    Double precision is a setting of the process in JAX, `jax_enable_x64`; its context manager
    changes it for a thread and puts it back, so that nobody else sees arrays of another type.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> with jax_precision("float64"):
    ...     inside = jnp.ones(1).dtype
    >>> inside, jnp.ones(1).dtype
    (dtype('float64'), dtype('float32'))
    """
    with jax.enable_x64(dtype == "float64"), jax.default_device(jax.devices("cpu")[0]):
        yield
