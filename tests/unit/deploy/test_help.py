"""The help pages as built from docs/: nothing inline, the chapters that the page looks for, no broken link."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.deploy.conftest import ROOT


def build(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build the help of a copy of this tree."""
    return subprocess.run([sys.executable, root / "scripts/build_help.py", *options], capture_output=True, text=True)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the help is built from, and of the Markdown files outside of it."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("docs", "demo/report"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "search_service/web").mkdir(parents=True)
    (root / "scripts").mkdir()
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "demo/REPORT.md", "scripts/build_help.py",
                 "search_service/web/icon.svg"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def pages(tree: Path) -> Path:
    done = build(tree, "--strict")
    assert done.returncode == 0, done.stderr
    return tree / "search_service/help"


def test_pages__hold_nothing_that_the_policy_would_refuse(pages: Path) -> None:
    html = sorted(pages.rglob("*.html"))
    assert len(html) > 20
    for page in html:
        text = page.read_text("utf-8")
        assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"", text), page
        assert not re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"(?:https?:)?//", text), page


def test_pages__have_the_chapter_that_each_screen_opens(pages: Path) -> None:
    chapters = re.findall(r"(\w+): \"([\w-]+)\"", re.findall(r"const HELP = \{([^}]*)\}",
                          (ROOT / "search_service/web/js/app.js").read_text("utf-8"))[0])
    assert [screen for screen, _ in chapters] == ["home", "search", "annotate", "review", "verify", "export", "setup"]
    text = (pages / "page.html").read_text("utf-8")
    assert [chapter for _, chapter in chapters if f'id="{chapter}"' not in text] == []


def test_build__again_only_when_a_document_changed(tree: Path, pages: Path) -> None:
    before = (pages / "index.html").stat().st_ino
    assert build(tree, "--if-stale").returncode == 0
    assert (pages / "index.html").stat().st_ino == before
    (tree / "docs/faq.md").write_text((ROOT / "docs/faq.md").read_text("utf-8") + "\n## Another\n", "utf-8")
    assert build(tree, "--if-stale").returncode == 0
    assert 'id="another"' in (pages / "faq.html").read_text("utf-8")


def test_strict__fails_on_every_broken_link(tree: Path, tmp_path: Path) -> None:
    for name in ("docs/_static", "search_service/web", "scripts"):
        shutil.copytree(tree / name, tmp_path / name)
    shutil.copy(tree / "docs/conf.py", tmp_path / "docs/conf.py")
    (tmp_path / "demo").mkdir()
    for name in ("docs/index.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "demo/REPORT.md"):
        (tmp_path / name).write_text("# A page\n\n[itself](#a-page)\n")
    assert build(tmp_path, "--strict").returncode == 0

    broken = {"docs/index.md": ["[a page](no-page.md)", "[a heading](index.md#no-heading)", "[one here](#no-chapter)",
                                "![a picture](no-picture.png)"],
              "README.md": ["[a page](docs/no-file.md)", '<img src="docs/no-image.png">'],
              "CHANGELOG.md": ["![a picture](no-drawing.png)"]}
    for name, lines in broken.items():
        with (tmp_path / name).open("a") as page:
            page.write("\n" + "\n\n".join(lines) + "\n")
    done = build(tmp_path, "--strict")
    assert done.returncode
    assert [said for said in ("no-page", "no-heading", "no-chapter", "no-picture", "no-file", "no-image", "no-drawing")
            if said not in done.stderr] == []
