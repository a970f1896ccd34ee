"""docs/benchmarks-teach.md: a section for each part, each written by its part alone."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

PAGE = Path("docs/benchmarks-teach.md")
_HEAD = """# Beyond words: what is found and learned

Written by `python -m benchmarks.teach`: on scenes of the demo, with its two small checkpoints; your own figures will
differ. The truth comes from the renderer.
"""


def write(title: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put a section into the page in place of the one with this title, or at its end."""
    text = page.read_text("utf-8") if page.exists() else _HEAD
    head, *sections = re.split(r"(?m)^## ", text)
    kept = {section.partition("\n")[0]: section.partition("\n")[2].strip() for section in sections}
    kept[title] = "\n".join(line if line.startswith("|") else textwrap.fill(line, 120) for line in lines).strip()
    page.write_text(head.rstrip() + "\n" + "".join(f"\n## {name}\n\n{kept[name]}\n" for name in kept), "utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
