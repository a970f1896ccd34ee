"""The frame of the odd inputs; its rows are made by `python -m benchmarks.odd_inputs`."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from benchmarks.odd_inputs import Case, product, settings
from benchmarks.odd_inputs.__main__ import modules
from benchmarks.odd_inputs.case import agrees
from benchmarks.odd_inputs.sides import HERE, ProbeBroken, side


@pytest.mark.parametrize(("right", "ours", "tolerance", "same"), [
    ([1, {"a": 2.4}], [1, {"a": 2.5}], 0.2, True), ([1, {"a": 2.4}], [1, {"a": 2.5}], 0, False),
    ([1], [1, 1], 9, False), ({"a": 1}, {"b": 1}, 9, False), (True, 1, 9, False), (None, None, 0, True),
    ("refused: bad_image", "refused: bad_image", 0, True), ([0], "raised: TypeError", 9, False)])
def test_agrees__numbers_within_the_tolerance_and_all_else_equal(right: object, ours: object, tolerance: float,
                                                                 same: bool) -> None:
    assert agrees(right, ours, tolerance) is same


def test_modules__each_says_its_items_and_has_cases() -> None:
    for name in modules():
        module = importlib.import_module(name)
        assert module.ITEMS and callable(module.cases)
    assert len(modules()) >= 5


def test_product__takes_the_first_place_that_has_it() -> None:
    assert product("nowhere.at.all", "argus.errors", "ArgusError").__module__ == "argus.errors"
    with pytest.raises(ImportError):
        product("argus.errors", "nothing")


def test_settings__are_those_of_the_block() -> None:
    get_settings = product("argus.settings", "get_settings")
    before = get_settings().max_image_pixels
    with settings(max_image_pixels=77):
        assert get_settings().max_image_pixels == 77
    assert get_settings().max_image_pixels == before


PROBES = '''
import os
from benchmarks.odd_inputs import product

def doubled(argument):
    print("not an answer")
    return 2 * argument

def refuses(argument):
    raise product("argus.errors", "ArgusError")("bad_image", "Made up.")

def raises(argument):
    return 1 / argument

def dies(argument):
    os._exit(9)

def lost(argument):
    return product("argus.errors", "nothing")
'''


def test_side__answers_refusals_errors_and_deaths(tmp_path: Path) -> None:
    package = tmp_path / "tree" / "odd_probes"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PROBES)
    (tmp_path / "tree" / "argus").symlink_to(HERE / "argus")
    (tmp_path / "tree" / "benchmarks").symlink_to(HERE / "benchmarks")
    with side(tmp_path / "tree", "odd_probes", tmp_path / "run") as asked:
        assert asked.ask("doubled", 21) == 42
        assert asked.ask("refuses", None) == "refused: bad_image"
        assert asked.ask("raises", 0) == "raised: ZeroDivisionError"
        assert asked.ask("dies", None) == "died"
        assert asked.ask("doubled", 4) == 8  # in a new process
        with pytest.raises(ProbeBroken):
            asked.ask("lost", None)
        with pytest.raises(ProbeBroken):
            asked.ask("is not there", None)


def test_case__is_plain_data() -> None:
    assert Case(1, "kind", "instance", "reference", 1, "probe", None).tolerance == 0
