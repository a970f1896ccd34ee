"""What `argus search` and its neighbours refuse before they ask a server, and the page that lists every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from argus_cli.main import main
from scripts.reference import command_pages


@pytest.mark.parametrize(("arguments", "said"), [
    (["search", "cpu", "--box", "0,0,1,1"], "--box needs exactly one --like or --image"),
    (["search", "--like", "1", "--like", "2", "--box", "0,0,1,1"], "--box needs exactly one --like or --image"),
    (["search", "--like", "1", "--box", "0.5,0,0.2,1"], "box must lie inside the image"),
    (["search", "--like", "1", "--box", "0,0,1"], "like.0.box"),
    (["search", "--like", "1", "--box", "a,b,c,d"], "like.0.box"),
    (["search", "--like", "1", "--box", "0,0,2,1"], "like.0.box"),
    (["search", "cpu", "--captured-from", "yesterday"], "filters.captured_from"),
    (["search", "cpu", "--from", "3", "--to", "1"], "video_from must not be after video_to"),
    (["search", "--image", "no such file.jpg"], "does not exist"),
    (["search-history", "delete"], "Name one search, or --all."),
    (["search-history", "delete", "3", "--all"], "Name one search, or --all."),
    (["saved-searches", "change", "3"], "Nothing to change was given."),
    (["views", "make"], "Say which tasks: --search QUERY, or --task ID."),
    (["views", "make", "--search", "cpu", "--task", "3"], "Say which tasks: --search QUERY, or --task ID."),
])
def test_refused_before_any_server_is_asked(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(main, [*arguments, "--project", "1"])
    assert done.exit_code == 2
    assert said in done.stderr


def test_the_page_of_commands_is_what_help_says() -> None:
    assert command_pages() in Path("docs/commands.md").read_text("utf-8"), "run `make docs`"
    assert "## argus saved-searches change" in command_pages()
