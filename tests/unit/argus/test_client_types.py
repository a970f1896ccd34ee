"""A script that uses the client is checked by mypy: the package ships its types, and the answers have them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)  # of which mypy's first run on a busy machine takes most
EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples").glob("*.py"))
MISTAKES = """from argus.client import Argus

argus = Argus()
print(argus.project(1).titel)
print(argus.search(1, "cpu").hits[0].task.upper())
"""


@pytest.mark.slow
def test_the_examples_pass_strictly_and_a_mistake_does_not(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(MISTAKES)
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases",
                           "--cache-dir", str(tmp_path / "cache"), *map(str, EXAMPLES), str(wrong)],
                          capture_output=True, text=True, cwd=Path(__file__).parents[3])
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert EXAMPLES and [line.split("wrong.py:")[-1].split(":")[0] for line in errors] == ["4", "5"], done.stdout
    assert '"Project" has no attribute "titel"' in errors[0] and '"int" has no attribute "upper"' in errors[1]
