"""Runs the odd inputs and writes their rows. See the package."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import odd_inputs
from benchmarks.odd_inputs.case import agrees
from benchmarks.odd_inputs.sides import HERE, side, unpack_baseline


def modules() -> list[str]:
    """Return the full names of the modules that have cases, in the order of their items."""
    return sorted(f"{odd_inputs.__name__}.{found.name}" for found in pkgutil.iter_modules(odd_inputs.__path__)
                  if found.name.startswith("item_"))


def rows(items: Sequence[int], folder: Path, mended: Counter[int]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `items` (all when empty), and count by item those that the baseline answers wrong."""
    baseline = unpack_baseline(folder / "baseline")
    for name in modules():
        module = importlib.import_module(name)
        if items and not set(items) & set(module.ITEMS):
            continue
        place = folder / name.rpartition(".")[2]
        (place / "inputs").mkdir(parents=True)
        with side(HERE, name, place / "now") as now, side(baseline, name, place / "before") as before:
            for case in module.cases(place / "inputs"):
                if items and case.item not in items:
                    continue
                ours, past = now.ask(case.probe, case.argument), before.ask(case.probe, case.argument)
                if not agrees(case.right, past, case.tolerance):
                    mended[case.item] += 1
                yield {"item": case.item, "kind": case.kind, "instance": case.instance, "reference": case.reference,
                       "right": case.right, "ours": ours, "before": past,
                       "ok": agrees(case.right, ours, case.tolerance)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.odd_inputs", description=odd_inputs.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the rows are written")
    parser.add_argument("--item", type=int, action="append", default=[], help="only this item; may be repeated")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    mended: Counter[int] = Counter()
    try:
        with tempfile.TemporaryDirectory(prefix="argus-odd-") as folder:
            for row in rows(options.item, Path(folder), mended):
                found.append(row)
                print(f"{'ok   ' if row['ok'] else 'WRONG'} {row['item']:>2}  {row['kind']}: {row['instance']}"
                      + ("" if row["ok"] else f"\n      right {row['right']}\n      ours  {row['ours']}"), flush=True)
    except Exception as error:  # of a probe, or of a reference that is not there: no row, and no verdict
        print(f"A row could not be made: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    wrong = sum(not row["ok"] for row in found)
    for item, number in sorted(Counter(row["item"] for row in found).items()):
        print(f"item {item}: {number} rows, {mended[item]} of them wrong at the baseline")
    print(f"{len(found)} rows, {wrong} wrong")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
