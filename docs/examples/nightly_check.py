"""Every night: bring all projects up to date, try again what failed, and say what is still wrong.

    python docs/examples/nightly_check.py

Ends with status 1 when a project or an image in it cannot be read, so a scheduler can send the output on.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter

from argus.client import Argus
from argus.errors import ArgusError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--minutes", type=float, default=60, help="wait this long for the embedding")
    asked = parser.parse_args()
    argus = Argus(asked.address, os.environ.get("ARGUS_API_TOKEN", ""))

    bad = 0
    for project in argus.projects():
        if not project.connected:
            continue
        try:
            argus.sync(project.id)
            argus.retry(project.id)
            sync = argus.wait_until_embedded(project.id, 60 * asked.minutes)
        except ArgusError as error:  # one project that is gone must not hide the others
            print(f"{project.title}: {error.message}")
            bad += 1
            continue
        print(f"{project.title}: {sync.embedded} of {sync.seen} images searchable, "
              f"{sync.duplicates} near-duplicates")
        for (code, message), count in Counter((e.code, e.message) for e in sync.errors).most_common(5):
            print(f"  {count} × {code}: {message}")
        bad += sync.failed
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        sys.exit(error.kind.exit_code)
