"""Footage coming in and being looked at, in figures.

    python -m benchmarks.footage --json FILE [--part import]...

Writes one JSON object with a number by key, and the sections of docs/benchmarks-footage.md. Parts may run alone: what
other parts wrote before stays. A part is a module `part_NAME.py` of this package; see `benchmarks.parts`.
"""
