"""Words that were retired do not come back: one word for one thing, and the field's own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from argus.errors import CATALOGUE
from search_service.api.rights import ACTIONS

ROOT = Path(__file__).parents[2]
PLACES = ("argus", "argus_cli", "label_studio_config", "ml_backend", "search_service", "docs", "README.md")
KINDS = {".py", ".js", ".html", ".css", ".md", ".sql"}
RETIRED = {  # a pattern → what is written instead
    r"\b(staff|untake|free_lost|fail_for_now|keepable|giving_way|GaveWay|_glance)\b": "the names in the code today",
    r"\b_?look(s|ed|ing)?_after\b": "what is done: enqueue_…, restart_…",
    r"\bjoints?\b": "connection",
    r"\bof itself\b": "about itself",
    r"\bmend(s|ed|ing)?\b": "fix, repair",
    r"[\"'`](maybe|noise)[\"'`]": "possible, unlikely",
    r"\bsends? us on\b": "redirects",
    r"\bcome to an end\b": "end, finish",
    r"[Ee]verything holds": "All checks passed",
    r"What should be seen": "What are you looking for?",
    r"annotate --(run|list|cancel|resume|retry)|connect .*--disconnect|set-aside .*--back":
        "argus runs, disconnect, put-back",
}
NOT_OURS = {"0004_search.sql", "0040_relevance_words.sql"}  # migrations stay as they were applied


def texts() -> list[tuple[Path, str]]:
    listed = subprocess.run(["git", "ls-files", *PLACES], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in listed.splitlines()]
    return [(path, path.read_text("utf-8")) for path in paths
            if path.suffix in KINDS and path.name not in NOT_OURS and path.exists()]


@pytest.mark.parametrize("pattern", RETIRED)
def test_retired_words(pattern: str) -> None:
    found = [f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
             for path, text in texts() if re.search(pattern, text)
             for number, line in enumerate(text.splitlines(), 1) if re.search(pattern, line)]
    assert not found, f"write {RETIRED[pattern]}:\n" + "\n".join(found)


def test_the_search_finds_what_is_there() -> None:
    assert len(texts()) > 200
    assert any(re.search(r"\breleases?\b", text) for _, text in texts())


def test_the_page_has_words_for_every_error_and_for_every_action_of_the_record() -> None:
    words = ROOT / "search_service" / "web" / "js" / "words"
    problems = set(re.findall(r"^    (\w+): \"", (words / "problems.js").read_text("utf-8"), re.M))
    assert problems == set(CATALOGUE)
    told = re.findall(r"\"act_([\w.-]+)\":", (words / "setup.js").read_text("utf-8"))
    assert {told.count(name) for name in told} == {2}  # in English and in Japanese
    assert {action.name for action in ACTIONS.values() if action.name} <= set(told)
