"""Benchmarks made of parts: these run alone, keep to their keys and merge into one file."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from benchmarks import parts, teach, trust


def _broken() -> dict[str, float]:
    raise AssertionError("4 objects too many")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {"counted": SimpleNamespace(KEYS=("seen", "share"), measure=lambda: {"seen": 3, "share": 0.5}),
               "broken": SimpleNamespace(KEYS=("lost",), measure=_broken),
               "odd": SimpleNamespace(KEYS=("right",), measure=lambda: {"left": 1})}
    monkeypatch.setattr(parts, "names", lambda _: sorted(modules))
    monkeypatch.setattr(parts.importlib, "import_module", lambda name: modules[name.rpartition("part_")[2]])


@pytest.mark.usefixtures("known")
def test_a_part_alone_leaves_what_the_others_wrote(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    file.write_text('{"lost": 7, "seen": 1}')
    assert parts.main(trust, ["--json", str(file), "--part", "counted"]) == 0
    assert json.loads(file.read_text()) == {"lost": 7, "seen": 3, "share": 0.5}
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.usefixtures("known")
def test_a_part_that_fails_or_says_other_keys_writes_nothing_and_the_rest_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert parts.main(trust, ["--json", str(file)]) == 1
    assert json.loads(file.read_text()) == {"seen": 3, "share": 0.5}


@pytest.mark.parametrize(("package", "some"), [(teach, {"margins", "small_objects"}),
                                               (trust, {"accept_1000", "calibration"})])
def test_parts_are_found_by_their_names_and_no_key_is_written_by_two(package: ModuleType, some: set[str]) -> None:
    assert some <= set(parts.names(package))
    keys = [key for name in parts.names(package)
            for key in importlib.import_module(f"{package.__name__}.part_{name}").KEYS]
    assert len(set(keys)) == len(keys)
