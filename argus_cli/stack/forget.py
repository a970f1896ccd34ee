"""`python -m argus_cli.stack.forget HOME`: delete a stack's data, which may lie outside its home too."""

from __future__ import annotations

import sys
from pathlib import Path

from argus import home as argus_home
from argus_cli.stack.stack import owner


def main(home: Path) -> None:
    """Delete `home` and whatever its servers keep elsewhere; refuses while a stack runs there."""
    if pid := owner(home):
        sys.exit(f"A stack is running in {home} (process {pid}); stop it first: argus down")
    argus_home.forget(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
