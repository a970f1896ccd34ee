"""docs/benchmarks-footage.md: what stands between a part's two marks is written by it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks import pages

PAGE = Path("docs/benchmarks-footage.md")


def write(name: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put lines, tables among them, into the section of that name."""
    pages.put(page, f"<!-- {name}: written by python -m benchmarks.footage -->", f"<!-- end of {name} -->",
              [line if line.startswith("|") else textwrap.fill(line, 120) for line in lines])
