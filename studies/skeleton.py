"""Working skeletons of an estimator and of a study, to be changed into one's own."""

import keyword
import re
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from studies.study_files import builtin_names, parse_study
from suite.errors import InputError
from suite.registry import estimator_spec

KINDS = ("mixture", "vae")
"""What a skeleton can be of."""


def estimator_skeleton(name: str, kind: str) -> tuple[str, str, str]:
    """The file name, the "module:Class" and the code of an estimator called `name`.

    Parameters
    ----------
    name
        The class, such as FastMixture, or the module, such as fast_mixture: each gives the other.
    kind
        "mixture" or "vae".

    Raises
    ------
    InputError
        If no module or class can be called so, or another module already is.

    Examples
    --------
    >>> estimator_skeleton("FastMixture", "mixture")[:2]
    ('fast_mixture.py', 'fast_mixture:FastMixture')
    >>> estimator_skeleton("fast_mixture", "vae")[1]
    'fast_mixture:FastMixture'
    """
    _check_kind(kind)
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    class_name = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    if not module.isidentifier() or not class_name.isidentifier() or keyword.iskeyword(module):
        raise InputError(
            f"expected the name of a class or module, such as FastMixture, got {name!r}; use "
            "letters, digits and _, and begin with a letter."
        )
    if not Path(f"{module}.py").exists() and find_spec(module) is not None:
        raise InputError(
            f"expected a name that is free, but there is a module {module} already; choose another."
        )
    code = rendered(f"{kind}.py", module=module, class_name=class_name)
    return f"{module}.py", f"{module}:{class_name}", code


def study_skeleton(name: str, kind: str, estimator: str | None = None) -> tuple[str, str]:
    """The file name and the content of a study called `name`.

    Parameters
    ----------
    name
        What reports call it.
    kind
        "mixture" or "vae"; an estimator's own family comes first.
    estimator
        An estimator to compare with the suite's, as a name or "module:Class".

    Raises
    ------
    InputError
        If no study can be called so, a built-in one is, or the estimator cannot be used.
    """
    _check_kind(kind)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise InputError(
            f"expected the name of a study, such as my-study, got {name!r}; use letters, digits, "
            "- and _."
        )
    if name in (*builtin_names(), *_TAKEN):
        raise InputError(f"expected a name that is free, but {name!r} is built in; choose another.")
    if estimator is not None:
        kind = "mixture" if estimator_spec(estimator).family == "mixture" else "vae"
    text = rendered(f"{kind}.toml", name=name, estimator=estimator)
    parse_study(text, f"{name}.toml")
    return f"{name}.toml", text


_TAKEN = ("gmm", "vae", "quick", "tour")
"""Names that mean something else to the command line or under reports/."""


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises
    ------
    InputError
        If it is there, or its folder cannot be written to.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            f"expected no file {path.name} here, but there is one, and nothing is overwritten; "
            "choose another name or move it away."
        ) from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be written here ({error.strerror}).") from None


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InputError(f"expected a kind, {' or '.join(KINDS)}, got {kind!r}.")


def rendered(file: str, **values: Any) -> str:
    """The template `file` of `studies/skeletons` with `values` filled in."""
    template = (resources.files("studies") / "skeletons" / f"{file}.j2").read_text("utf-8")
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    # JSON's texts are TOML's, but for its pairs of surrogates.
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return environment.from_string(template).render(**values)
