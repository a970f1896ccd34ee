"""`python -m argus.stack.forget HOME`: delete a stack's data, which may lie outside its home too."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

from argus.stack import paths


def main(home: Path) -> None:
    """Delete `home` and whatever its servers keep elsewhere; refuses while a stack runs there."""
    lock = home / "stack.lock"
    if lock.exists():
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit(f"A stack is running in {home} ({lock.read_text().strip()}); stop it first.")
    paths.forget(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
