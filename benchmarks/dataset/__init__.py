"""A dataset one can defend, in figures: leaks between its splits, and round trips through export and import.

    python -m benchmarks.dataset --json FILE [--part leaks]...

Writes one JSON object with a number by key. Parts may run alone: what other parts wrote into the file before stays. A
part is a module `part_NAME.py` of this package with `KEYS` and `measure`, as in `benchmarks.trust`.
"""
