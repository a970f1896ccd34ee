"""Install the lowest versions that pyproject.toml allows into an environment of its own, and run the quick tests there.

What Argus itself needs is as low as it may be; the tools that the tests need beside it are as new as they fit. The
environment, and the uv that makes it, lie in the temporary folder (TMPDIR; about 8 GB, most of it torch) and go when
the script ends; .venv is neither read nor changed. Needs Python 3.11, nothing else. Run by `make floors`.

    python scripts/floors.py [pytest's arguments]
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.11"  # the lowest too: requires-python
RUNS = ("models", "embedded", "parquet")  # the extras that run; the others are tools
TOOLS = "pytest pytest-timeout scipy moto jsonschema mypy playwright types-requests types-shapely"
QUICK = ["tests/unit", "--ignore=tests/unit/deploy", "-m",
         "not (integration or browser or faults or long)"]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="argus-floors-") as folder:
        python = install(Path(folder))
        print("Running the quick tests …", flush=True)
        tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(sys.argv[1:] or QUICK)]
        done = subprocess.run(tests, cwd=ROOT)
    sys.exit(done.returncode)


def install(folder: Path) -> Path:
    """Make the environment and return its Python."""
    uv, python = folder / "tools/bin/uv", folder / "env/bin/python"
    venv.create(folder / "tools", with_pip=True)
    run(folder / "tools/bin/python", "-m", "pip", "--quiet", "install", "--require-hashes", "--no-deps",
        "-r", "locks/tools.lock")
    wanted = versions(uv, folder)
    run(uv, "venv", "--quiet", "--python", PYTHON, folder / "env")
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "-r", wanted)
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "-e", ROOT)
    return python


def versions(uv: Path, folder: Path) -> Path:
    """Write the version of every package of the environment to a file and return it."""
    floors, tools, wanted = (folder / name for name in ("floors.txt", "tools.in", "all.txt"))
    extras = [part for extra in RUNS for part in ("--extra", extra)]
    compile_ = [uv, "pip", "compile", "--quiet", "--python-version", PYTHON, "--overrides", "locks/overrides.txt",
                *extras, "pyproject.toml"]
    run(*compile_, "--resolution", "lowest-direct", "-o", floors)
    found, declared = pins(floors), direct()
    lowest = [f"{name}=={found[name]}" for name in sorted(declared)]
    print(f"The lowest of {len(lowest)} packages: {' '.join(lowest)}", flush=True)
    if early := [f"{name}>={floor}" for name, floor in declared.items() if not found[name].startswith(floor)]:
        sys.exit(f"Declared in pyproject.toml, and never installed together with the rest: {', '.join(early)}")
    floors.write_text("\n".join(lowest))
    tools.write_text(TOOLS.replace(" ", "\n"))
    run(*compile_, "--constraints", floors, "-o", wanted, tools)
    return wanted


def direct() -> dict[str, str]:
    """Return the lowest version of each package that pyproject.toml itself asks for; empty where any will do."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(one for extra in RUNS for one in project["optional-dependencies"][extra])]
    return dict(re.match(r"([\w-]+)(?:\[[^]]*\])?(?:>=([\d.]+))?", one).groups("") for one in asked)


def pins(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", file.read_text(), re.MULTILINE))


def run(*command: str | Path) -> None:
    """Run a program in the root of the tree; end when it fails."""
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"VIRTUAL_ENV": ""})
    if done.returncode:
        sys.exit(f"This failed: {' '.join(map(str, command))}")


if __name__ == "__main__":
    main()
