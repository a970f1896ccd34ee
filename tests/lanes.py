"""The lanes of one test run (`pytest -n 2`), and what may not happen in two at the same time.

A lane is a process with servers of its own and takes whole files. One begins with the files that need no server, which
take a processor, the others with those that do, which mostly wait; they meet in the middle.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# The second lane begins here: what changes the network is done before the first comes to the browser.
LAST = ("tests/faults/test_two_machines.py",)
# They take longer than their length says.
LONG = ("tests/faults/test_under_load.py", "tests/faults/test_runs.py", "tests/integration/argus_cli/test_demo.py")


def file_of(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def needs_servers(item: pytest.Item) -> bool:
    return "servers" in getattr(item, "fixturenames", ())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that need no server come first, unit tests before others; in a file, the tests that need none.

    Those that do: the browser's from the longest down, then the others up to the longest. So the lanes meet at short
    files, and neither waits long for the other's last one.
    """
    serving = {file_of(item) for item in items if needs_servers(item)}
    lengths = {file_of(item): item.path.stat().st_size for item in items}

    def place(item: pytest.Item) -> tuple[bool, bool, bool, bool, bool, int, str, bool]:
        file, browsing = file_of(item), file_of(item).startswith("tests/browser/")
        length = lengths[file] if file in serving else 0
        return (file in serving, file in LAST, not file.startswith("tests/unit/"), not browsing, file in LONG,
                -length if browsing else length, file, needs_servers(item))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give out whole files, to the first lane from the front and to others from the end."""
    from xdist.scheduler import LoadFileScheduling

    class FromBothEnds(LoadFileScheduling):
        def _assign_work_unit(self, node: Any) -> None:
            if node is not self.nodes[0]:
                self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
            super()._assign_work_unit(node)

    config.option.loadscopereorder = False  # else the files with the most tests come first, wherever they belong
    return FromBothEnds(config, log)


@contextmanager
def network(changes: bool) -> Iterator[None]:
    """Hold the machine's network as it is, or change it: Chromium gives up what it is loading when a link appears.

    The lock is the whole machine's, since the network is. Who wants to change it is let in before those who come later.
    """
    file = Path(tempfile.gettempdir(), f"argus-tests-{os.geteuid()}")
    with file.with_suffix(".gate").open("w") as gate, file.with_suffix(".network").open("w") as lock:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if changes else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
