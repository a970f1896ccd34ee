"""What a benchmark writes into a page of the documents: only what stands between its two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def put(file: Path, begin: str, end: str, text: Sequence[str]) -> None:
    """Put `text` between two marks of a page, and leave the rest of it as it is.

    Raises:
        ValueError: the page has not these marks.
    """
    before, rest = file.read_text("utf-8").split(begin)
    _, after = rest.split(end)
    file.write_text("\n".join([before + begin, "", *text, "", end + after]), "utf-8")


def put_row(file: Path, begin: str, end: str, head: Sequence[str], row: str) -> None:
    """Put a row into the table between two marks: in the place of the one with the same first cell, else last.

    Args:
        head: the table's two first lines.
    """
    between = file.read_text("utf-8").split(begin)[1].split(end)[0]
    rows = {line.split(" | ")[0]: line for line in [*between.strip().splitlines()[2:], row]}
    put(file, begin, end, [*head, *rows.values()])
