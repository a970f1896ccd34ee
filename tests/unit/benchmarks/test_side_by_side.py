from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.side_by_side import __main__ as command
from benchmarks.side_by_side.build import Build
from benchmarks.side_by_side.pairs import Pairs
from benchmarks.side_by_side.upgrade import compare


class Known(Build):
    """A build whose processes have been looked at already."""

    def identity(self) -> tuple[str, str]:
        return self.name, str(self.tree)


@pytest.mark.parametrize(("one", "other"), [
    (("a", "/one"), ("a", "/other")), (("a", "/one"), ("b", "/one")), (("a", "/one"), ("a", "/one"))])
def test_tell_apart__one_commit_or_one_package_ends_it(one: tuple[str, str], other: tuple[str, str],
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    builds: list[Build] = [Known(name, Path(tree), Path("/home")) for name, tree in (one, other)]
    with pytest.raises(SystemExit, match="the same"):
        command.tell_apart(builds)
    said = capsys.readouterr().out
    assert all(text in said for text in (*one, *other))


def test_tell_apart__two_builds_are_two() -> None:
    assert command.tell_apart([Known("a", Path("/one"), Path("/h")), Known("b", Path("/other"), Path("/h"))]) == "b"


@pytest.mark.parametrize(("after", "slower"), [
    ([1.0, 1.05, 9.0], False), ([1.0, 1.06, 1.06], True), ([0.5, 0.5, 0.5], False)])
def test_pairs__the_median_of_the_ratios_decides(after: list[float], slower: bool) -> None:
    pairs = Pairs("run")
    for seconds in after:
        pairs.add(2.0, 2 * seconds, 3.0)
    assert pairs.is_slower() is slower
    assert ("SLOWER" in str(pairs)) is slower
    assert pairs.row("0123456789").startswith("| run | 2.000 (2.000 to 2.000) |")


def test_parts__an_unknown_one_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["side_by_side", "--parts", "search,walk"])
    with pytest.raises(SystemExit):
        command.main()
    assert "walk is none of run, search, review, export" in capsys.readouterr().err


def test_compare__names_what_changed() -> None:
    before = {"thumbs": [1, 2], "runs": [1], "annotations": {7: 1}}
    assert compare(before, before) == []
    assert compare(before, {"thumbs": [1], "runs": [1], "annotations": {7: 2}}) == [
        "thumbs: [1, 2] before, [1] after", "annotations: {7: 1} before, {7: 2} after"]
