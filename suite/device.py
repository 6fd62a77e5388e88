"""Where tensors live: `device="cpu" | "cuda" | "mps" | "auto"`."""

import torch

from suite.errors import InputError


def resolve_device(device: str | torch.device) -> torch.device:
    """The torch device that `device` names; "auto" takes CUDA, then MPS, then the CPU.

    Raises
    ------
    InputError
        If the name is unknown or this machine has no such device.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if isinstance(device, str) and device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError):
        raise InputError(
            f"device must be 'cpu', 'cuda', 'mps' or 'auto', got {device!r}."
        ) from None
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(resolved.type, False):
        raise InputError(
            f"device {str(resolved)!r} is not available on this machine; use 'cpu' or 'auto'."
        )
    return resolved
