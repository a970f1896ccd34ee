"""What is found and learned beyond words, in figures.

    python -m benchmarks.teach --json FILE [--part small_objects]...

Writes one JSON object with a number by key, and the sections of docs/benchmarks-teach.md. Parts may run alone: what
other parts wrote before stays.

How to add a part: a module `part_NAME.py` in this package, found by its name. It has `KEYS`, the keys it writes, and
`measure()`, which returns a number for each of them. `benchmarks.teach.page.write` writes its section of the page.
Truth comes from the renderer; scenes of the split `HELD_OUT` are measured on, those of `VALIDATION` are chosen by.
"""
