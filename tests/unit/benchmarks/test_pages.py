from __future__ import annotations

from pathlib import Path

from benchmarks import pages

HEAD = ["| what | figure |", "|---|---|"]


def test_put__only_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<a>\nold\n<b>\nafter\n")
    for _ in range(2):
        pages.put(page, "<a>", "<b>", ["new", "lines"])
    assert page.read_text() == "before\n<a>\n\nnew\nlines\n\n<b>\nafter\n"


def test_put_row__takes_the_place_of_its_own_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<a>\n<b>\nafter\n")
    for row in ("| search | 1 |", "| run | 2 |", "| run of 2 | 3 |", "| search | 4 |"):
        pages.put_row(page, "<a>", "<b>", HEAD, row)
    assert page.read_text() == ("before\n<a>\n\n| what | figure |\n|---|---|\n| search | 4 |\n| run | 2 |\n"
                                "| run of 2 | 3 |\n\n<b>\nafter\n")
