"""Which project a command means, and what is said when that cannot be told."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from argus.errors import ArgusError
from argus.settings import get_settings
from argus_cli import projects
from argus_cli.output import ArgusGroup, project_option, tasks_option

LINES = {2: "Line A", 7: "Line B", 9: "Twin", 12: "Twin", 20: "Line, C", 31: "ライン1"}


@click.group(cls=ArgusGroup)
def main() -> None:
    """A group like the real one."""


@main.command()
@project_option
@tasks_option("A task")
def which(project_id: int, tasks: tuple[int, ...]) -> None:
    """Say which project and tasks were meant."""
    click.echo(f"{project_id}: {list(tasks)}")


@pytest.fixture(autouse=True)
def titles(monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, LINES, "")


def choose(monkeypatch: pytest.MonkeyPatch, connected: dict[int, str], setting: str) -> None:
    monkeypatch.setattr(projects, "connected", lambda: connected)
    monkeypatch.setenv("ARGUS_PROJECT", setting)
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def settings_again() -> Iterator[None]:
    yield
    get_settings.cache_clear()


@pytest.mark.parametrize(("given", "meant"), [("7", 7), ("Line A", 2), ("Line, C", 20), ("ライン1", 31)])
def test_convert__takes_a_number_or_an_exact_title(given: str, meant: int) -> None:
    assert projects.Project(lambda: LINES).convert(given, None, None) == meant


@pytest.mark.parametrize(("given", "code", "said"), [
    ("line a", "unknown_project", "No project has the title “line a”."),
    ("Line", "unknown_project", "No project has the title “Line”."),
    ("Twin", "bad_request", "2 projects have the title “Twin”."),
])
def test_convert__says_what_there_is(given: str, code: str, said: str) -> None:
    with pytest.raises(ArgusError) as refused:
        projects.Project(lambda: LINES).convert(given, None, None)
    assert (refused.value.code, refused.value.message) == (code, said)
    assert ("9, 12" if given == "Twin" else "7 “Line B”") in refused.value.hint


@pytest.mark.parametrize("given", ["0", "00", "99999999999999999999"])
def test_convert__refuses_what_is_no_id(given: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a project id"):
        projects.Project(lambda: LINES).convert(given, None, None)


def test_default__is_the_setting_else_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run = CliRunner().invoke
    several = run(main, ["which"])
    assert several.exit_code == 2 and "Which project? Several are connected." in several.stderr
    assert "2 “Line A”, 7 “Line B”" in several.stderr and "ARGUS_PROJECT" in several.stderr
    choose(monkeypatch, {7: "Line B"}, "")
    assert run(main, ["which"]).stdout == "7: []\n"
    choose(monkeypatch, {}, "")
    assert (none := run(main, ["which"])).exit_code == 3 and "argus connect" in none.stderr
    choose(monkeypatch, LINES, "12")
    assert run(main, ["which"]).stdout == "12: []\n"
    assert run(main, ["which", "-p", "2"]).stdout == "2: []\n"  # the option beats the setting


def test_tasks_option__reads_ids_from_stdin() -> None:
    run = CliRunner().invoke
    assert run(main, ["which", "-p", "2", "--task", "-"], input="17\n23\n").stdout == "2: [17, 23]\n"
    assert run(main, ["which", "-p", "2", "--task", "3", "--task", "-"], input="4").stdout == "2: [3, 4]\n"
    assert "No task ids" in (none := run(main, ["which", "-p", "2", "--task", "-"], input="")).stderr
    assert none.exit_code == 2
    for wrong in ("0", "x", "-1", "1,2"):
        assert run(main, ["which", "-p", "2", "--task", "-"], input=wrong).exit_code == 2
