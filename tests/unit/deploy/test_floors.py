"""The lowest versions that pyproject.toml allows: why they are not lower, and that Argus works on them."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from tests.unit.deploy.conftest import ROOT


def test_floors__that_have_a_reason_keep_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["models"]]
    floors = dict(re.match(r"([\w-]+)\S*?>=([\d.]+)", one).groups() for one in asked)  # type: ignore[union-attr]
    assert tuple(map(int, floors["av"].split("."))) >= (17, 1)  # see there
    assert tuple(map(int, floors["transformers"].split("."))) >= (5, 24)  # test_sam3_positions.py


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
def test_floors__install_and_pass_the_quick_tests() -> None:
    """An environment of its own in the temporary folder, which goes again."""
    done = subprocess.run(["make", "floors"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
