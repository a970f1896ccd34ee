"""Ways of searching that are asked in turn: each a child process, so that no one's threads or memory help another."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
# Nothing that changes which of its kernels a library takes, and one thread for each.
UNSET = ("OPENBLAS_", "GOTO_", "MKL_", "OMP_", "ARGUS_", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Answer:
    """Milliseconds on the clock and of the processors (servers' included), and row numbers, best first."""

    ms: float
    cpu: float
    rows: list[int]


@dataclass
class Way:
    """A child that answers. `facts` is what it says of itself."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    def ask(self, query: int, mode: str = "all") -> Answer:
        assert self.process.stdin and self.process.stdout
        print(json.dumps({"query": query, "mode": mode}), file=self.process.stdin, flush=True)
        return Answer(**_read(self.process))


def _read(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    if not (line := process.stdout.readline()):
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")  # what it said went to our standard error
    found: dict[str, Any] = json.loads(line)
    return found


@contextlib.contextmanager
def way(file: str, name: str, folder: Path, python: Path, *, tree: Path | None = None,
        more: Mapping[str, str] | None = None) -> Iterator[Way]:
    """Start one way of `FILE`, and end it afterwards.

    Args:
        folder: where `vectors.npy` and `queries.npy` lie.
        python: the interpreter that has its packages.
        tree: where it runs: whose packages it imports.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(UNSET)}
    env |= {"OMP_NUM_THREADS": "1", "LANCE_LOG": "error", **({"PYTHONPATH": str(tree)} if tree else {}), **(more or {})}
    command = [str(python), str(HERE / "child.py"), str(HERE / file), name, str(folder)]
    with subprocess.Popen(command, env=env, cwd=tree or folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            yield Way(process, _read(process))
        finally:
            assert process.stdin
            process.stdin.close()  # it ends by itself, and takes down what it started


@dataclass
class Asked:
    """What one way answered to all queries."""

    name: str
    answers: list[Answer]

    def p(self, percent: float) -> float:
        return round(float(np.percentile([answer.ms for answer in self.answers], percent)), 2)

    def ratio(self, other: Asked, of: str = "ms") -> float:
        """Return the median of the queries' own ratios."""
        pairs = zip(self.answers, other.answers, strict=True)
        return round(float(np.median([getattr(mine, of) / max(getattr(its, of), 1e-9) for mine, its in pairs])), 3)

    def recalls(self, scores: list[np.ndarray[Any, Any]], k: int) -> list[float]:
        """Return each query's recall of the `k` best; what differs in the seventh digit is as good.

        Args:
            scores: the exact cosines of all rows that pass (others -inf), for each query.
        """
        found = []
        for answer, all_scores in zip(self.answers, scores, strict=True):
            least = np.partition(all_scores, -k)[-k] - 1e-6
            found.append(len({row for row in answer.rows if all_scores[row] >= least}) / k)
        return found


def ask_in_turn(ways: Mapping[str, tuple[Way, str]], queries: int) -> dict[str, Asked]:
    """Ask all ways each query, who is first in turn, after two queries that do not count."""
    found = {name: Asked(name, []) for name in ways}
    names = list(ways)
    for turn in range(-2, queries):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            one, mode = ways[name]
            answer = one.ask(max(turn, 0), mode)
            if turn >= 0:
                found[name].answers.append(answer)
    return found
