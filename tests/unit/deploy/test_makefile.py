"""What the documents say of `make`, held against the Makefile."""

from __future__ import annotations

import re

from tests.unit.deploy.conftest import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_targets__every_one_that_a_document_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = {(name, file.name) for file in DOCUMENTS for name in re.findall(r"`make ([a-z-]+)", file.read_text())}
    assert {name for name, _ in named} >= {"install", "test", "test-long", "test-faults"}
    assert not {(name, file) for name, file in named if name not in targets}


def test_test_long__runs_all_that_is_marked_so() -> None:
    """No folder is named: what is marked tomorrow is run as well."""
    recipes = re.findall(r"^test-long:.*\n\t.*/pytest (.*)$", MAKEFILE, re.MULTILINE)
    assert recipes == ["-m long $(TESTS)"]
