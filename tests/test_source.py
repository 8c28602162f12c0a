"""Code digests: what counts as the code of a step."""

import ast
import re
import shutil
import subprocess
import sys
import textwrap

import pytest
from helpers import REPOSITORY

from lesionflow import source

RULES = REPOSITORY / "workflow/rules"
# What they fetch is the same, whatever code fetched it: it is checked by its digest.
FETCHES = {"download_file"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that writes files of a small package and forgets what was read before; its folder is `scripts`."""
    scripts = tmp_path / "workflow/scripts"
    for name, folder in {
        "SCRIPTS": "",
        "PACKAGE": "lesionflow",
        "REPORT": "../report",
        "RESOURCES": "../resources",
    }.items():
        path = (scripts / folder).resolve()
        path.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(source, name, path)

    def write(**files: str) -> None:
        for name, text in files.items():
            path = scripts.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        source.parsed.cache_clear()
        source.essence.cache_clear()

    yield write
    source.parsed.cache_clear()
    source.essence.cache_clear()


def test_every_rule_with_a_script_names_its_code():
    for file in RULES.rglob("*.smk"):
        for block in re.split(r"(?m)^(?=(?:use rule|rule|checkpoint) )", file.read_text()):
            script = re.search(r'"\.\./scripts/(\w+)\.py"', block)
            if script and script[1] not in FETCHES:
                assert f'code=code_of("{script[1]}"' in block, block


def test_every_script_exists_and_has_a_digest():
    scripts = {path.stem for path in source.SCRIPTS.glob("*.py")}
    assert len({source.code_of(name) for name in scripts}) == len(scripts) > 40


@pytest.mark.parametrize(
    "statement",
    [
        "from lesionflow.a import x",
        "from lesionflow import a",
        "import lesionflow.a",
        "import lesionflow.a as b",
        "from lesionflow.deep import a",
        "from lesionflow.deep.a import x",
        "def f():\n    from lesionflow import a",
    ],
)
def test_imports_are_followed_in_every_form(package, statement):
    package(step=statement, lesionflow__a="x = 1", lesionflow__deep__a="x = 1", lesionflow__deep____init__="")
    before = source.code_of("step")
    package(lesionflow__a="x = 2", lesionflow__deep__a="x = 2")
    assert source.code_of("step") != before


def test_imports_of_imports_count_and_others_do_not(package):
    package(
        step="from lesionflow import a",
        lesionflow__a="from lesionflow import b",
        lesionflow__b="x = 1",
        lesionflow__c="",
    )
    before = source.code_of("step")
    package(lesionflow__c="x = 3")
    assert source.code_of("step") == before
    package(lesionflow__b="x = 2")
    assert source.code_of("step") != before


@pytest.mark.parametrize("gate", ["b", "deep.b"])
def test_the_gate_does_not_count(package, gate):
    file = f"lesionflow__{gate.replace('.', '__')}"
    package(**{"step": f"import lesionflow.{gate}", file: "x = 1"})
    before, without = source.code_of("step"), source.code_of("step", gate=gate)
    package(**{file: "x = 2"})
    assert source.code_of("step") != before
    assert source.code_of("step", gate=gate) == without


def test_comments_docstrings_and_layout_do_not_count(package):
    package(
        step='"""Says."""\nclass A:\n    """Has."""\n\n    def f(self):\n        """Does."""\n        return "#1"\n'
    )
    before = source.code_of("step")
    package(step='"""Tells."""\n\n\n# of A\nclass A:\n    """Is."""\n    def f(self):\n        return ("#1")\n')
    assert source.code_of("step") == before
    package(step='class A:\n    def f(self):\n        return "#2"\n')
    assert source.code_of("step") != before


def test_templates_count_where_they_are_named(package):
    package(step='page = "page.html.j2"', other='captions = "*.rst"')
    for name in ("page.html.j2", "one.rst", "unused.html.j2"):
        (source.REPORT / name).write_text("old")
    before = {name: source.code_of(name) for name in ("step", "other")}
    for name in ("page.html.j2", "unused.html.j2"):
        (source.REPORT / name).write_text("new")
    package()
    assert source.code_of("step") != before["step"] and source.code_of("other") == before["other"]
    (source.REPORT / "two.rst").write_text("new")
    assert source.code_of("other") != before["other"]


def test_templates_beside_modules_count_at_whatever_depth(package):
    package(step="from lesionflow.deep import a", lesionflow__deep__a='page = "table.html.j2"')
    template = source.PACKAGE / "deep/table.html.j2"
    template.write_text("old")
    before = source.code_of("step")
    template.write_text("new")
    package()
    assert source.code_of("step") != before


def test_no_module_reads_a_template_that_its_digest_misses():
    """Whoever opens a file beside the code names it in full, as a string of its own."""
    for path in source.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
                assert not any(re.search(r"\.(j2|rst)$", str(part)) for part in parts), path


def test_templates_are_found_where_a_container_mounts_them(tmp_path):
    """Snakemake mounts scripts/ and workflow/ side by side, as folders of the search path."""
    for place, folder in (("item_2", source.SCRIPTS), ("item_4", source.SCRIPTS.parent)):
        shutil.copytree(folder, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__"))
    code = f"import sys; sys.path[:0] = [{str(tmp_path / 'item_2')!r}, {str(tmp_path / 'item_4')!r}]\n"
    code += "from lesionflow.source import REPORT, RESOURCES; print(REPORT, RESOURCES)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.split() == [str(tmp_path / "item_4/report"), str(tmp_path / "item_4/resources")]
