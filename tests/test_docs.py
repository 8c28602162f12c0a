"""The documents: links lead somewhere, versions agree."""

import re
from pathlib import Path

import pytest
import yaml
from helpers import REPOSITORY

from lesionflow import __version__

DOCUMENTS = [
    path
    for folder in (".", "config", "docs", "results", ".github/ISSUE_TEMPLATE")
    for path in sorted((REPOSITORY / folder).glob("*.md"))
]


def anchors(document: Path) -> set[str]:
    """The names that a forge gives to the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_to_a_file_leads_to_one(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://", "mailto:")):
            name, _, anchor = link.partition("#")
            target = document.parent / name if name else document
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_every_document_can_be_reached_from_the_readme():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for path in (REPOSITORY / "docs").glob("*.md"):
        assert f"(docs/{path.name})" in readme, path.name


def test_citation_and_changelog_name_the_version():
    assert yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))["version"] == __version__
    assert re.search(rf"^## {re.escape(__version__)}( |$)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
