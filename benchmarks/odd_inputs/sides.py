"""The two sides that answer: this working tree, and the baseline commit unpacked into a folder. A process each.

A side's process imports this package from the working tree and everything else from its own tree, so that both sides
are asked by the same probe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BASELINE = "877f1d8"
HERE = Path(__file__).resolve().parents[2]
# Run in the side's process: a request a line on stdin, an answer a line on the first stdout.
_LOOP = """
import importlib, json, os, sys
# An editable install would find in the working tree what the baseline does not have.
sys.meta_path = [finder for finder in sys.meta_path if not getattr(finder, "__module__", "").startswith("__editable__")]
import benchmarks
benchmarks.__path__.append(sys.argv[2])
module = importlib.import_module(sys.argv[1])
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what a library prints is no answer
for line in sys.stdin:
    request = json.loads(line)
    try:
        if not hasattr(module, request["probe"]):
            raise ImportError(f"there is no probe {request['probe']}")
        answer = {"value": getattr(module, request["probe"])(request["argument"])}
    except ImportError as error:
        answer = {"broken": str(error)}
    except Exception as error:
        code = getattr(error, "code", None)
        answer = {"value": f"refused: {code}" if type(error).__name__ == "ArgusError"
                  else f"raised: {type(error).__name__}"}
    print(json.dumps(answer), file=answers, flush=True)
"""


class ProbeBroken(Exception):
    """A probe could not be asked at all; its row would say nothing about the product."""


class Side:
    """Answers the probes of one module with the product code of one tree."""

    def __init__(self, tree: Path, module: str, folder: Path) -> None:
        self._command = [sys.executable, "-P", "-c", _LOOP, module, str(HERE / "benchmarks")]
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")}
        self._environment |= {"PYTHONPATH": str(tree), "ARGUS_HOME": str(folder / "home")}
        self._folder = folder
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(self._command, cwd=self._folder, env=self._environment, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, probe: str, argument: Any) -> Any:
        """Return the probe's answer; a process that dies of it has answered "died" and is started again.

        Raises:
            ProbeBroken: the probe, or what it imports, is not there.
        """
        assert self._process.stdin and self._process.stdout  # pipes
        self._process.stdin.write(json.dumps({"probe": probe, "argument": argument}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            if self._process.wait() == 1:
                raise ProbeBroken(f"the process of {self._command[4]} did not start")
            self._process = self._start()
            return "died"
        answer = json.loads(line)
        if "broken" in answer:
            raise ProbeBroken(answer["broken"])
        return answer["value"]

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]  # a pipe
        self._process.wait(60)


@contextmanager
def side(tree: Path, module: str, folder: Path) -> Iterator[Side]:
    """Run the process of a side for a block."""
    running = Side(tree, module, folder)
    try:
        yield running
    finally:
        running.close()


def unpack_baseline(folder: Path) -> Path:
    """Write the tree of the baseline commit to `folder` and return it."""
    folder.mkdir()
    archive = subprocess.run(["git", "-C", str(HERE), "archive", BASELINE], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder
