"""The fingerprint of all code that a result depends on."""

import ast
import hashlib
from functools import cache
from pathlib import Path

from studies.extras import extra_paths
from studies.own_code import files_behind
from studies.source_files import source_files

_CLOCKWORK = [Path(__file__).with_name(name) for name in ("recorder.py", "worker.py")]


@cache
def code_hash(path: str, kind: str, extra: tuple[str, ...] = ()) -> str:
    """Fingerprint of the code behind an estimator, given as "module:Class", in a kind of study.

    It covers the estimator's code (`studies.source_files`), that by which the kind is scored, of
    the measurements beside it those in `extra` alone (`studies.extras`), and the worker with its
    clock, read as syntax trees without docstrings, so that a comment or a new layout changes
    nothing, nor does code that takes no part. A file that is no Python, a template in a package
    or a compiled module, counts as it is.
    """
    digest = hashlib.sha256()
    scoring = files_behind(f"studies.families.{kind}", *extra_paths(kind, sorted(extra)))
    for file in [*source_files(path), *scoring, *_CLOCKWORK]:
        digest.update(_essence(file.read_bytes()))
    return digest.hexdigest()[:16]


def _essence(source: bytes) -> bytes:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # ValueError: null bytes, before Python 3.11.4
        return source
    return ast.dump(_without_docstrings(tree)).encode()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
