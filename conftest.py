"""What pytest leaves out where an optional extra is not installed."""

from importlib.util import find_spec

_NEEDS = {
    "suite/gmm/numpyro_program.py": "numpyro",
    "suite/gmm/numpyro_svi.py": "numpyro",
    "suite/jax_compiling.py": "jax",
    "suite/jax_precision.py": "jax",
    "suite/vae/numpyro_program.py": "numpyro",
    "suite/vae/numpyro_vae.py": "numpyro",
    "suite/gmm/peers/pomegranate.py": "pomegranate",
    "suite/gmm/peers/torchgmm.py": "torchgmm",
    "suite/vae/peers/pythae.py": "pythae",
}
"""Modules that cannot be imported, for doctests, without the package named."""

collect_ignore = [file for file, package in _NEEDS.items() if find_spec(package) is None]
