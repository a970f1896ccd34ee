"""Draw top-level functions of the product, their places hidden: can a reader tell the folder by a function alone?

    python scripts/draw_functions.py SEED [COUNT]          the functions, and the folders to choose from
    python scripts/draw_functions.py SEED [COUNT] --where  the right folders
"""

from __future__ import annotations

import ast
import random
import sys
from pathlib import Path

from check_structure import PRODUCT, files

LEAST = 6  # lines


def functions() -> list[tuple[Path, str]]:
    """Return every top-level function of at least `LEAST` lines: its module and its text."""
    drawn = []
    for path in files():
        if path.suffix != ".py":
            continue
        text = path.read_text("utf-8")
        drawn += [(path, ast.get_source_segment(text, node) or "") for node in ast.parse(text).body
                  if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 >= LEAST]
    return drawn


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    seed, count = numbers[0], numbers[1] if len(numbers) > 1 else 20
    chosen = random.Random(seed).sample(functions(), count)
    if "--where" not in sys.argv:
        print(f"seed {seed}; folders of {', '.join(PRODUCT)}:")
        print(*sorted({str(path.parent) for path, _ in functions()}), sep="\n")
    for number, (path, text) in enumerate(chosen, 1):
        print(f"{number}. {path.parent}" if "--where" in sys.argv else f"\n--- {number}\n{text}")


if __name__ == "__main__":
    main()
