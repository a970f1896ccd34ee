"""What is installed is what was locked: each file has a hash, and pip is made to compare it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.deploy.conftest import ROOT

LOCKS = sorted((ROOT / "locks").glob("*.lock"))
REQUIREMENT = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install_script", ROOT / "scripts/install.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of each package; some have one a version of Python."""
    found: dict[str, set[str]] = {}
    for name, version in REQUIREMENT.findall((ROOT / "locks" / f"{lock}.lock").read_text()):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_locks__every_requirement_has_a_hash_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=\S)", text)
    requirements = [entry for entry in entries if not entry.startswith("#")]
    assert requirements and all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in requirements)
    assert "://" not in text and " @ " not in text


def test_locks__agree_with_each_other() -> None:
    every = pins("all")
    for lock in ("web", "models", "sam3", "docs", "torch"):
        for name, versions in pins(lock).items():
            assert lock == "torch" or name in every, (lock, name)
            assert versions <= every.get(name, versions), (lock, name)
    assert pins("torch")["setuptools"] == pins("build")["setuptools"]
    assert (ROOT / "locks/torch.in").read_text().split() == [
        f"{name}=={version}" for name in ("torch", "torchvision") for version in pins("torch")[name]]
    assert not {"torch", "torchvision"} & set(every)


def test_install__every_step_compares_hashes_but_a_torch_that_was_chosen(install: ModuleType, tmp_path: Path,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    steps: dict[str, list[str]] = {}

    def note(environment: str, its: dict[str, list[str]]) -> list[str]:
        steps.update({f"{environment} {name}": arguments for name, arguments in its.items()})
        return []

    monkeypatch.setattr(install, "install", note)

    def run(*arguments: str) -> dict[str, bool]:
        steps.clear()
        monkeypatch.setattr(sys, "argv", ["install.py", *arguments])
        install.main()
        return {name.removeprefix("."): "--require-hashes" in arguments for name, arguments in steps.items()}

    names = {"venv build", "venv torch", "venv packages", "venv argus", "venv-label-studio build",
             "venv-label-studio label-studio"}
    ours = {"venv argus"}  # the folder itself
    assert run("--torch", "", "--torch-index", "") == {name: name not in ours for name in names}
    monkeypatch.setattr(install, "PINS", str(tmp_path / "pins.lock"))
    for chosen in (["--torch", "torch==2.7.1 torchvision==0.22.1"], ["--torch-index", "https://index.example.com/cpu"]):
        assert run(*chosen) == {name: name not in ours | {"venv torch"} for name in names}
        assert "--hash" not in (tmp_path / "pins.lock").read_text() and pins("all")["numpy"]
        assert REQUIREMENT.findall((tmp_path / "pins.lock").read_text()) == REQUIREMENT.findall(
            (ROOT / "locks/all.lock").read_text())
    assert "locks/torch.in" in steps[".venv torch"]
    assert all("--no-build-isolation" in arguments for name, arguments in steps.items()
               if name.split()[1] in ("packages", "argus", "label-studio"))


def test_pip__takes_the_locks_and_refuses_another_file(tmp_path: Path) -> None:
    """The real pip, on a package that is built here, so that nothing is fetched."""
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    source.mkdir()
    (source / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools"]\nbuild-backend = '
                                           '"setuptools.build_meta"\n[project]\nname = "made-here"\nversion = "1"\n')
    pip = [sys.executable, "-m", "pip", "--isolated", "--no-input", "--disable-pip-version-check"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*pip, *map(str, arguments)], capture_output=True, text=True, env=environment,
                              cwd=tmp_path)

    built = run("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", wheels, source)
    assert built.returncode == 0, built.stderr
    [wheel] = wheels.iterdir()
    digest = run("hash", wheel).stdout.split("sha256:")[1].strip()
    for kept, status in ((digest, 0), ("0" * 64, 1)):
        (tmp_path / "made.lock").write_text(f"made-here==1 \\\n    --hash=sha256:{kept}\n")
        done = run("install", "--require-hashes", "--no-deps", "--no-index", "--find-links", wheels, "--target",
                   tmp_path / f"there{status}", "-r", "made.lock")
        assert done.returncode == status, done.stderr
    assert "DO NOT MATCH THE HASHES" in done.stderr


# Digests of images -------------------------------------------------------------------------------------------

FAKE_DOCKER = """#!{python}
# Stands in for Docker, which no package brings: says a made-up digest, as its buildx prints one.
import hashlib, sys
assert sys.argv[1:4] == ["buildx", "imagetools", "inspect"] and sys.argv[5:] == ["--format", "{{{{.Manifest.Digest}}}}"]
if "unknown" in sys.argv[4]:
    sys.exit("no such manifest")
print("sha256:" + hashlib.sha256(sys.argv[4].encode()).hexdigest())
"""


def pin(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "scripts/pin_images.py", *arguments], capture_output=True, text=True,
                          env={"PATH": str(path)})


def test_pin_images__writes_digests_and_says_which_are_missing(tmp_path: Path) -> None:
    docker, env = tmp_path / "docker", tmp_path / ".env"
    docker.write_text(FAKE_DOCKER.format(python=sys.executable))
    docker.chmod(0o755)
    env.write_text("VALKEY_PASSWORD=kept\nPOSTGRES_IMAGE=registry.example.com/pgvector:1.0\n# a remark\n")
    where = ["--env", str(env)]
    loose = pin("--check", *where, path=tmp_path)
    assert loose.returncode == 1 and loose.stderr.count("warning: ") == 5
    assert "registry.example.com/pgvector:1.0 is named by its tag alone (POSTGRES_IMAGE)" in loose.stderr
    assert "make pin-images" in loose.stderr
    assert pin(*where, path=tmp_path).returncode == 0
    written = dict(re.findall(r"^(\w+)=(.*)$", env.read_text(), re.MULTILINE))
    assert written.pop("VALKEY_PASSWORD") == "kept" and "# a remark" in env.read_text()
    assert len(written) == 5
    assert all(re.search(r":[^@]+@sha256:[0-9a-f]{64}$", f":{image}") for image in written.values())
    assert written["POSTGRES_IMAGE"].startswith("registry.example.com/pgvector:1.0@")
    assert written["PYTHON_IMAGE_TAG"].startswith("3.11-slim-bookworm@")  # Dockerfiles put `python:` before it
    assert env.stat().st_mode & 0o777 == 0o600
    assert pin("--check", *where, path=tmp_path).returncode == 0
    before = env.read_text()
    assert pin(*where, path=tmp_path).returncode == 0 and env.read_text() == before  # again: renewed in their place


def test_pin_images__an_image_that_is_not_found_changes_nothing(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("MINIO_IMAGE=registry.example.com/unknown:1\n")
    assert "There is no docker" in pin("--env", str(env), path=tmp_path).stderr
    (tmp_path / "docker").write_text(FAKE_DOCKER.format(python=sys.executable))
    (tmp_path / "docker").chmod(0o755)
    done = pin("--env", str(env), path=tmp_path)
    assert done.returncode == 1 and "registry.example.com/unknown:1 could not be looked up" in done.stderr
    assert env.read_text() == "MINIO_IMAGE=registry.example.com/unknown:1\n"
