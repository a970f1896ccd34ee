"""What is exported comes back as it was: boxes, turned boxes, outlines, masks and image files, in every format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus.labelstudio import LabelStudio, get_label_studio
from benchmarks.dataset.part_roundtrip import FORMATS, make_project, round_trip

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def source(servers: Any) -> Iterator[tuple[LabelStudio, int]]:
    ls = get_label_studio()
    project = make_project(ls, images=8, seed=5)
    yield ls, project
    ls.delete(f"/api/projects/{project}/")


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_imported_into_an_empty_project_is_exported_again_the_same(
        source: tuple[LabelStudio, int], tmp_path: Path, format: str) -> None:
    assert round_trip(*source, format, tmp_path / format)
