"""Print the path of a Chromium for the tests; get one when there is none.

The order: ARGUS_CHROMIUM, a headless shell on PATH, any Chromium on PATH, Playwright's own, Playwright's download,
Debian's package of the shell, of Chromium. The shell is the same engine without windows, and needs a quarter less of a
processor; where there is a Chromium none is installed, since that could bring the other up to its version. Progress
goes to standard error, the path to standard output.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def main() -> None:
    path = (from_environment() or on_path(SHELLS) or on_path(NAMES) or from_playwright() or downloaded()
            or from_debian(SHELLS) or from_debian(NAMES))
    if path is None:
        sys.exit("The browser tests need Chromium and none could be installed. Install Chromium or Chrome so that it "
                 "is on PATH, or set ARGUS_CHROMIUM to its path.")
    print(path)


def from_environment() -> str | None:
    path = os.environ.get("ARGUS_CHROMIUM")
    if path and not os.access(path, os.X_OK):
        sys.exit(f"ARGUS_CHROMIUM is {path}, which is not a program.")
    return path


def on_path(names: Sequence[str]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def from_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def downloaded() -> str | None:
    said("Installing Chromium by playwright …")
    run([sys.executable, "-m", "playwright", "install", "chromium"])
    return from_playwright()


def from_debian(names: Sequence[str]) -> str | None:
    """Install the first of these, where that is a package and we may."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    said(f"Installing {names[0]} by apt-get …")
    run(["apt-get", "update"])
    run(["apt-get", "install", "-y", "--no-install-recommends", names[0]], DEBIAN_FRONTEND="noninteractive")
    return on_path(names)


def run(command: list[str], **environment: str) -> None:
    """Run a command quietly; when it fails, show why in one line and go on to the next way."""
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        reason = next((line for line in lines if "rror" in line), lines[-1] if lines else str(done.returncode))
        said(f"  {' '.join(command)} failed: {reason}")


def said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
