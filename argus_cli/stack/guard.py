"""Last resort of the embedded stack: a process that outlives its parent just long enough to end the parent's children.

Run as a plain script with a pipe on standard input. The stack writes `watch PID SIGNAL` and `forget PID` lines; when
the pipe closes, because the stack ended in whatever way (SIGKILL included), every process still watched is ended
together with all its descendants. Why not PR_SET_PDEATHSIG: it exists on Linux only, reaches the direct child but not
that child's children, and fires when the *thread* that started the child ends.

Only the standard library, so that it starts in milliseconds and holds little memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE = 5.0  # seconds between the polite signal and SIGKILL


def process_table() -> dict[int, int]:
    """Return the parent of every process: `{pid: parent pid}`; zombies are left out, they hold nothing."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(["ps", "-axo", "pid=,ppid=,stat="], check=True, capture_output=True, text=True)
        rows = [line.split() for line in listing.stdout.splitlines()]
        return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                # "PID (name) STATE PARENT …", and the name may hold anything, blanks and brackets included.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    table[int(entry.name)] = int(parent)
    return table


def family(roots: set[int]) -> set[int]:
    """Return the living processes among `roots` and all their descendants, whatever sessions those opened."""
    table = process_table()
    found = {pid for pid in roots if pid in table}
    size = -1
    while size != len(found):
        size = len(found)
        found |= {pid for pid, parent in table.items() if parent in found}
    return found - {os.getpid()}


def send(pids: set[int], number: int) -> None:
    """Send a signal to each process that still exists and is ours to signal."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end(watched: dict[int, int], grace: float = GRACE) -> None:
    """End each watched process (`{pid: its polite signal}`) and all descendants; SIGKILL after `grace` seconds."""
    members = family(set(watched))
    for pid in members & set(watched):
        send({pid}, watched[pid])
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        alive = members & set(process_table())
        if not alive:
            return
        time.sleep(0.05)
    send(family(members), signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, int] = {}
    for line in sys.stdin:
        word, pid, *polite = line.split()
        if word == "watch":
            watched[int(pid)] = int(polite[0])
        else:
            watched.pop(int(pid), None)
    if watched:
        end(watched)


if __name__ == "__main__":
    main()
