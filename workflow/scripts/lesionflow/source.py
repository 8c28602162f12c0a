"""Digests of source code, the part of a result's provenance besides inputs and settings."""

import ast
import functools
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parent
# In a container Snakemake mounts each folder of the search path, of the scripts and of the Snakefile, in its own place.
PLACES = [SCRIPTS.parent, *map(Path, sys.path)]
WORKFLOW = next((place for place in PLACES if (place / "report/card.md.j2").exists()), PLACES[0])
REPORT, RESOURCES = WORKFLOW / "report", WORKFLOW / "resources"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
DATA_FILE = re.compile(r"[\w.*]+\.(j2|rst|csv|yaml)")


def code_of(script: str, gate: str | None = None) -> str:
    """Return the SHA-256 of `script`.py, of the package modules that it imports and of the templates that these name.

    Comments, docstrings and layout are ignored, as is the module `gate` ("splits.audit"), which decides whether a step
    may run but does not affect its result. Snakemake itself detects changes of the script, but not of its imports.
    """
    digest = hashlib.sha256()
    left_out = PACKAGE.joinpath(*gate.split(".")).with_suffix(".py") if gate else None
    for file in sorted(sources(SCRIPTS / f"{script}.py", left_out)):
        digest.update(file.relative_to(SCRIPTS.parent).as_posix().encode())
        digest.update(essence(file).encode())
    return digest.hexdigest()


def sources(script: Path, left_out: Path | None = None) -> set[Path]:
    """Return `script`, the package modules that it imports directly or indirectly, and the data files that they name.

    A string such as "card.md.j2" names a data file, "*.rst" all files with that suffix.
    """
    found, waiting = set(), [script]
    while waiting:
        file = waiting.pop()
        if file not in found and file != left_out:
            found.add(file)
            if file.suffix == ".py":
                waiting += [*imported(file), *named(file)]
    return found


def imported(file: Path) -> Iterator[Path]:
    """Yield the package modules imported anywhere in a source file, in any form."""
    for node in ast.walk(parsed(file)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            path = SCRIPTS.joinpath(*name.split("."))
            if path.is_relative_to(PACKAGE):
                yield from (module for module in (path.with_suffix(".py"), path / "__init__.py") if module.exists())


def named(file: Path) -> Iterator[Path]:
    """Yield the templates and tables named in a source file."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and DATA_FILE.fullmatch(node.value):
            yield from PACKAGE.rglob(node.value)
            yield from REPORT.glob(node.value)
            yield from RESOURCES.glob(node.value)


@functools.cache
def parsed(file: Path) -> ast.Module:
    """Return the syntax tree of a source file without docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


@functools.cache
def essence(file: Path) -> str:
    """Return the text of a file; for Python, the code without comments and docstrings."""
    return ast.unparse(parsed(file)) if file.suffix == ".py" else file.read_text(encoding="utf-8")
