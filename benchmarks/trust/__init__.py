"""Labels that can be trusted, in figures: what review costs, what it leaves behind and what it saves.

    python -m benchmarks.trust --json FILE [--part accept_1000]...

Writes one JSON object with a number by key. Parts may run alone: what other parts wrote into the file before stays.

How to add a part: a module `part_NAME.py` in this package; it is found by its name. It has `KEYS`, the keys that it
writes, and a function

    def measure() -> Mapping[str, float]

that returns a number for each of them and raises when what it measured is not right: nothing is written of it then. It
starts the servers that it needs (`benchmarks.accept.servers`) and leaves nothing behind. The module imports the product
inside the function, after the servers have set where everything is.
"""
