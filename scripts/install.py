"""Make both environments: `.venv` for Argus, `.venv-label-studio` for Label Studio, whose pins conflict with ours.

Run by any Python 3.11 or newer, with nothing but its standard library. Each step is done again only when what it
installs has changed, so that a second call takes no time. pip's output goes to `.argus/logs/install-*.log`.

Every file is held against its hash in a lock, the tool that builds source packages included. One thing is not: a build
of torch that is not the one of `locks/torch.lock`, because only its own index knows the hashes.

    python scripts/install.py [--torch "torch==… torchvision==…"] [--torch-index URL]
"""

import argparse
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".argus" / "logs"
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
LOCK, LABEL_STUDIO_LOCK = "locks/all.lock", "locks/label-studio.lock"
BUILD_LOCK, TORCH_LOCK, TORCH_PINS = "locks/build.lock", "locks/torch.lock", "locks/torch.in"
CHECKED = ["--require-hashes", "--no-deps"]
PINS = ".argus/pins.lock"  # LOCK without its hashes: with them pip would ask for torch's too
NOISE = "is ignored"  # pip says so of files it does not know, once a file


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (an older Python must be able to say this)
        sys.exit(f"Argus needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. "
                 "Choose another by make PYTHON=python3.12")
    parser = argparse.ArgumentParser()
    parser.add_argument("--torch", default="", help="what pip installs; empty: locks/torch.lock")
    parser.add_argument("--torch-index", default="", help="the index to take it from; empty: pip's own")
    options = parser.parse_args()
    began = time.monotonic()
    # What is built from source is built by the setuptools that was checked, not by one that pip fetches for it.
    build, from_source = [*CHECKED, "-r", BUILD_LOCK], "--no-build-isolation"
    done = install(".venv", {
        "build": build,
        "torch": torch(options.torch, options.torch_index),
        "packages": [*CHECKED, from_source, "-r", LOCK],
        "argus": ["--no-deps", from_source, "-e", "."],
    })
    run("help", [str(ROOT / ".venv/bin/python"), "scripts/build_help.py", "--if-stale"])
    done += install(".venv-label-studio", {"build": build,
                                           "label-studio": [*CHECKED, from_source, "-r", LABEL_STUDIO_LOCK]})
    if done:
        seconds = round(time.monotonic() - began, 1)
        (ROOT / ".argus" / "install.json").write_text(json.dumps({"seconds": seconds, "steps": done}) + "\n")
        print(f"Installed in {seconds:.0f} s.")


def torch(packages, index):
    """Return pip's arguments for torch: the checked lock, unless somebody chose another build or another index."""
    if not packages and not index:
        return [*CHECKED, "-r", TORCH_LOCK]
    lines = (ROOT / LOCK).read_text().splitlines()
    (ROOT / PINS).parent.mkdir(exist_ok=True)
    (ROOT / PINS).write_text("".join(line.removesuffix("\\") + "\n" for line in lines if "--hash=" not in line))
    return [*(["--index-url", index] if index else []), "-c", PINS, *(shlex.split(packages) or ["-r", TORCH_PINS])]


def install(environment, steps):
    """Run the steps of an environment that are new or have changed; return what was run and how long it took."""
    folder = ROOT / environment
    python = folder / "bin" / "python"
    stamp = folder / "argus-install.json"
    if not works(python):
        make_environment(folder)
    before = json.loads(stamp.read_text()) if stamp.exists() else {}
    done = []
    for name, arguments in steps.items():
        mark = fingerprint(arguments)
        if before.get(name) == mark:
            continue
        unchecked = name == "torch" and "--require-hashes" not in arguments
        print(f"Installing {name} into {environment}{', without comparing hashes' if unchecked else ''} …", flush=True)
        seconds = run(f"install-{name}", [str(python), *PIP, *arguments])
        done.append({"environment": environment, "step": name, "seconds": seconds})
        before[name] = mark
        stamp.write_text(json.dumps(before))
    return done


def works(python):
    """Say whether the environment's Python starts and is new enough; a moved or half-made one does not."""
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and subprocess.run([str(python), "-c", check], capture_output=True).returncode == 0


def make_environment(folder):
    shutil.rmtree(folder, ignore_errors=True)
    run(f"make-{folder.name.lstrip('.')}", [sys.executable, "-m", "venv", str(folder)],
        hint="On Debian and Ubuntu the package python3-venv is needed for this.")


def fingerprint(arguments):
    """Return a digest of a step: its arguments and the files among them."""
    files = [ROOT / name for name in arguments if name.endswith(".lock")]
    if "-e" in arguments:
        files.append(ROOT / "pyproject.toml")
    content = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(" ".join(arguments).encode() + content).hexdigest()


def run(name, command, hint=""):
    """Run a command with its output in a log file; on failure show the end of it and leave. Returns its seconds."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    began = time.monotonic()
    with log.open("w") as out:
        status = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT).returncode
    if status:
        lines = [line for line in log.read_text(errors="replace").splitlines() if NOISE not in line]
        print("\n".join(lines[-25:]), file=sys.stderr)
        sys.exit(f"\nThis failed: {shlex.join(command)}\nThe whole output is in {log.relative_to(ROOT)}. {hint}")
    return round(time.monotonic() - began, 1)


if __name__ == "__main__":
    main()
