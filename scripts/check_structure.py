"""Count what makes code hard to read, and fail when there is more of it than there was: part of `make lint`.

The goals are no module over 300 lines, no function over 40 lines of body, and at most 40 answers whose type says
nothing (`Any`, `object`, a bare `dict`). The bounds below are what is left; whoever gets a count down lowers its bound.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PRODUCT = ("argus", "argus_cli", "label_studio_config", "ml_backend", "search_service")
LINES, BODY = 300, 40
BOUNDS = {"modules": 3, "functions": 0, "answers": 303}


def files() -> list[Path]:
    """Return the product's modules, Python and JavaScript, that git knows."""
    listed = subprocess.run(["git", "ls-files", *PRODUCT], check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.splitlines() if name.endswith((".py", ".js"))]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its head and docstring."""
    first = function.body[0]
    if len(function.body) > 1 and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        first = function.body[1]
    return (function.end_lineno or 0) - first.lineno + 1


def is_loose(annotation: ast.expr | None) -> bool:
    """Whether a return annotation contains `Any` or `object`, or is a bare `dict`."""
    if annotation is None:
        return False
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    return bool(names & {"Any", "object"}) or (isinstance(annotation, ast.Name) and annotation.id == "dict")


def main() -> int:
    long_modules, long_functions, loose = [], [], 0
    for path in files():
        text = path.read_text("utf-8")
        if (lines := text.count("\n")) > LINES:
            long_modules.append(f"{path}: {lines} lines")
        if path.suffix == ".py":
            for function in functions(ast.parse(text)):
                loose += is_loose(function.returns)
                if (lines := body_lines(function)) > BODY:
                    long_functions.append(f"{path}: {function.name} has {lines} lines")
    counts = {"modules": len(long_modules), "functions": len(long_functions), "answers": loose}
    print("\n".join(long_modules + long_functions))
    print(f"{counts['modules']} modules over {LINES} lines, {counts['functions']} functions over {BODY}, "
          f"{counts['answers']} answers without a type of their own")
    worse = [name for name, count in counts.items() if count > BOUNDS[name]]
    if worse:
        print(f"More than there were: {', '.join(worse)}. The bounds are {BOUNDS}.", file=sys.stderr)
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
