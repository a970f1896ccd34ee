"""Count what makes code hard to read, and fail when there is more of it than there was: part of `make lint`.

The goals are no module over 300 lines, no function over 40 lines of body, at most 40 answers whose type says nothing:
`Any`, `object`, a bare `dict`, or a name for a type made of them (`--answers` lists them), and SQL in the store module
of each package alone. The bounds below are what is left; whoever gets a count down lowers its bound.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

PRODUCT = ("argus", "argus_cli", "label_studio_config", "ml_backend", "search_service")
LINES, BODY = 300, 40
BOUNDS = {"modules": 0, "functions": 0, "answers": 15, "modules with SQL outside stores": 0}
LOOSE = {"Any", "object", "DictRow"}
# SQL stands in modules named `store` or `…_store`; these are the others that may have some.
WITH_SQL = {
    "argus/db/": "connections, locks, migrations",
    "argus/audit.py": "the only code that reads or writes the table `audit`",
    "argus_cli/stack/": "the embedded server and Label Studio's own tables, none of Argus's",
    "label_studio_config/projects.py": "the owner of the rows `project`",
    "ml_backend/runs/task_states.py": "the states of a run's tasks are its statements",
    "search_service/vectors/": "the package is the store of vectors",
}
SQL = re.compile(r"\s*(SELECT\b|INSERT INTO\b|UPDATE \w+ SET\b|DELETE FROM\b)")


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


def named(node: ast.AST) -> set[str]:
    """Return the names that an expression holds, those of a quoted annotation included."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            found.add(f"{part.value.id}.{part.attr}")
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            found.add(part.value)
    return found


def is_loose(annotation: ast.expr | None, loose: Set[str]) -> bool:
    """Whether an annotation contains one of the names that say nothing, or is a bare `dict`."""
    if annotation is None:
        return False
    return bool(named(annotation) & loose) or (isinstance(annotation, ast.Name) and annotation.id == "dict")


def loose_names(trees: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Return for each module the names that say nothing: `Any`, `object`, and what is made of them there, or imported
    from a module where it is (`Row = dict[str, Any]`)."""
    loose = {module: set(LOOSE) for module in trees}
    before = -1
    while before != (now := sum(map(len, loose.values()))):
        before = now
        for module, tree in trees.items():
            loose[module] |= {f"{other.rpartition('.')[2]}.{name}" for other, names in loose.items()
                              for name in names - LOOSE if "." not in name}
            for node in tree.body:
                if isinstance(node, ast.ImportFrom) and node.module in loose:
                    loose[module] |= {alias.asname or alias.name for alias in node.names
                                      if alias.name in loose[node.module]}
                elif isinstance(node, ast.Assign) and is_type(node.value) and is_loose(node.value, loose[module]):
                    loose[module] |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return loose


def is_type(value: ast.expr) -> bool:
    """Whether an assigned value is a type: a subscript, a union or a plain name, and no call or constant."""
    return isinstance(value, ast.Subscript | ast.Name) or (
        isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr))


def holds_sql(tree: ast.AST) -> bool:
    """Whether a text of the module begins as a statement of SQL does."""
    return any(isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
               for node in ast.walk(tree))


def is_store(path: Path) -> bool:
    """Whether a module may have SQL."""
    return path.stem == "store" or path.stem.endswith("_store") or path.as_posix().startswith(tuple(WITH_SQL))


def main() -> int:
    long_modules, long_functions, answers, with_sql = [], [], [], []
    texts = {path: path.read_text("utf-8") for path in files()}
    trees = {path: ast.parse(text) for path, text in texts.items() if path.suffix == ".py"}
    modules = {path: ".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in trees}
    loose = loose_names({modules[path]: tree for path, tree in trees.items()})
    for path, text in texts.items():
        if (lines := text.count("\n")) > LINES:
            long_modules.append(f"{path}: {lines} lines")
    for path, tree in trees.items():
        if holds_sql(tree) and not is_store(path):
            with_sql.append(f"{path}: has SQL")
        for function in functions(tree):
            if is_loose(function.returns, loose[modules[path]]):
                answers.append(f"{path}:{function.lineno}: {function.name}")
            if (lines := body_lines(function)) > BODY:
                long_functions.append(f"{path}: {function.name} has {lines} lines")
    counts = {"modules": len(long_modules), "functions": len(long_functions), "answers": len(answers),
              "modules with SQL outside stores": len(with_sql)}
    print("\n".join(long_modules + long_functions + with_sql + (answers if "--answers" in sys.argv else [])))
    print(f"{counts['modules']} modules over {LINES} lines, {counts['functions']} functions over {BODY}, "
          f"{counts['answers']} answers without a type of their own, "
          f"{len(with_sql)} modules with SQL outside stores")
    worse = [name for name, count in counts.items() if count > BOUNDS[name]]
    if worse:
        print(f"More than there were: {', '.join(worse)}. The bounds are {BOUNDS}.", file=sys.stderr)
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
