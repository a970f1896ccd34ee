"""`python -m argus.stack.forget HOME`: delete a stack's data, which may lie outside its home too."""

from __future__ import annotations

import sys
from pathlib import Path

from argus.stack import paths
from argus.stack.stack import owner


def main(home: Path) -> None:
    """Delete `home` and whatever its servers keep elsewhere; refuses while a stack runs there."""
    if pid := owner(home):
        sys.exit(f"A stack is running in {home} (process {pid}); stop it first: argus down")
    paths.forget(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
