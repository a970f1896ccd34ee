"""A benchmark made of parts: modules `part_NAME` of a package, each with `KEYS` and `measure`, which returns them."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

_PREFIX = "part_"


def names(package: ModuleType) -> list[str]:
    """Return the names of a package's parts."""
    return sorted(module.name.removeprefix(_PREFIX) for module in pkgutil.iter_modules(package.__path__)
                  if module.name.startswith(_PREFIX))


def figures(package: ModuleType, name: str) -> dict[str, float]:
    """Measure a part. Raises `ValueError` when it returns other keys than it said."""
    part = importlib.import_module(f"{package.__name__}.{_PREFIX}{name}")
    found = dict(part.measure())
    if set(found) != set(part.KEYS):
        raise ValueError(f"{name} returned {sorted(found)}, not {sorted(part.KEYS)}")
    return found


def merge(file: Path, found: Mapping[str, float]) -> None:
    """Put figures into a file beside those that are there; a reader never sees half of them."""
    before = json.loads(file.read_text("utf-8")) if file.exists() else {}
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    fresh.write_text(json.dumps(before | dict(found), indent=1) + "\n", "utf-8")
    fresh.replace(file)


def main(package: ModuleType, arguments: list[str] | None = None) -> int:
    """Measure all parts, or those that are asked for, and put their figures into a file beside those that are there."""
    parser = argparse.ArgumentParser(prog=f"python -m {package.__name__}", description=package.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures are written")
    parser.add_argument("--part", "--parts", dest="part", action="append", choices=names(package),
                        help="only this part; may be repeated")
    options = parser.parse_args(arguments)
    failed = []
    for name in options.part or names(package):
        try:
            found = figures(package, name)
        except Exception:  # the other parts are measured all the same
            failed.append(name)
            traceback.print_exc()
            continue
        print(json.dumps(found), flush=True)
        if options.json:
            merge(options.json, found)
    if failed:
        print(f"Not measured: {', '.join(failed)}.", file=sys.stderr)
    return int(bool(failed))
