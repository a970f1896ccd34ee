"""Build the help pages from docs/ into search_service/help, from where the search service serves them.

    python scripts/build_help.py [--strict | --if-stale]

`--strict` fails on a broken link between pages, to a heading or to a picture, and on one in the Markdown files outside
docs/; `make lint` runs it. `--if-stale` does nothing when docs/ has not changed since the last build; `make install`
runs it.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS, HELP = ROOT / "docs", ROOT / "search_service" / "help"
OUTSIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "demo/REPORT.md")  # not pages of the help
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]*? src=\"([^\"]+)\"")


def fingerprint() -> str:
    """Return a digest of everything that the pages are made from."""
    digest = hashlib.sha256()
    for path in sorted(DOCS.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(DOCS)).encode() + path.read_bytes())
    return digest.hexdigest()


def build(strict: bool) -> int:
    """Write the pages anew and put them in the place of the old ones; return the exit status of Sphinx."""
    with tempfile.TemporaryDirectory(dir=HELP.parent, prefix=".help-") as folder:
        new = Path(folder) / "help"
        done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-E", *(["-W", "--keep-going"] if strict else []),
                               "-d", str(Path(folder) / "doctrees"), str(DOCS), str(new)])
        if done.returncode == 0:
            for leftover in (".buildinfo", "objects.inv"):
                (new / leftover).unlink(missing_ok=True)
            (new / "built-from.txt").write_text(fingerprint() + "\n")
            shutil.rmtree(HELP, ignore_errors=True)
            new.rename(HELP)
    return done.returncode


def broken_outside() -> list[str]:
    """Return the links of the Markdown files outside docs/ that lead to no file."""
    found = []
    for name in OUTSIDE:
        page = ROOT / name
        for target in filter(None, (either for pair in LINK.findall(page.read_text("utf-8")) for either in pair)):
            if "://" not in target and not (page.parent / target).exists():
                found.append(f"{name}: {target} is not there")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--if-stale", action="store_true")
    options = parser.parse_args()
    mark = HELP / "built-from.txt"
    if options.if_stale and mark.exists() and mark.read_text().strip() == fingerprint():
        return 0
    broken = broken_outside() if options.strict else []
    print("\n".join(broken), end="\n" if broken else "", file=sys.stderr)
    return build(options.strict) or bool(broken)


if __name__ == "__main__":
    sys.exit(main())
