"""How the package is laid out: imports run one way, modules and functions are short."""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import REPOSITORY

PACKAGE = REPOSITORY / "workflow/scripts/lesionflow"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
# A folder knows those before it; "" are the modules that lie in no folder.
ORDER = ["", "config", "data", "splits", "balancing", "training", "evaluation", "report", "proposal"]
RULE_FILES = sorted((REPOSITORY / "workflow/rules").rglob("*.smk"))
SCRIPTS = sorted(PACKAGE.parent.glob("*.py"))
MODULE_LINES, RULE_FILE_LINES, FUNCTION_LINES, MAIN_LINES = 200, 100, 40, 30


def name_of(path: Path) -> str:
    """As in an import: lesionflow.data.store."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


NAMES = {name_of(path) for path in MODULES}


def imports(path: Path) -> Iterator[str]:
    """The package's modules that a module imports, at whatever depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path} imports by dots"
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in NAMES)
        elif isinstance(node, ast.ImportFrom):
            one, several = node.module, [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in (one, *several) if name in NAMES)


def folder(name: str) -> str:
    """The folder of a module, "" of one that lies in none."""
    parts = name.split(".")
    return parts[1] if len(parts) > 2 else ""


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_folder_imports_from_those_before_it(path):
    here = folder(name_of(path))
    for name in imports(path):
        assert ORDER.index(folder(name)) <= ORDER.index(here), f"{here or 'the root'} must not import {name}"


def test_figures_and_tables_do_not_know_each_other():
    for path in MODULES:
        for kind, other in (("figures", "tables"), ("tables", "figures")):
            if name_of(path).startswith(f"lesionflow.report.{kind}."):
                assert not any(name.startswith(f"lesionflow.report.{other}.") for name in imports(path)), path


def test_no_module_imports_itself_by_way_of_others():
    graph = {name_of(path): set(imports(path)) for path in MODULES}
    assert list(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno + 1 <= FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_short(path):
    """What a script does beside unpacking and writing belongs into the package, where a test can call it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            lines = MAIN_LINES if node.name == "main" else FUNCTION_LINES
            assert node.end_lineno - node.lineno + 1 <= lines, node.name


def test_folders_are_empty_but_for_their_modules():
    """Whoever imports one module loads no other: a machine that only submits has no PyTorch."""
    for path in PACKAGE.rglob("*/__init__.py"):
        assert not path.read_text(), path
    assert {path.parent for path in MODULES} <= {path.parent for path in PACKAGE.rglob("__init__.py")}


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_rule_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= RULE_FILE_LINES


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_functions_lie_apart_from_rules(path):
    """`snakemake --lint` wants it, and a reader then knows where to look."""
    kinds = {"def": r"^def ", "rule": r"^(use rule|rule|checkpoint) "}
    found = {kind for kind, pattern in kinds.items() if re.search(pattern, path.read_text(), re.MULTILINE)}
    assert len(found) < 2 and ("rule" not in found or path.parent.name != "inputs")
