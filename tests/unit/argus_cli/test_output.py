from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from argus.errors import ArgusError
from argus_cli.output import ArgusGroup, Link, json_option, plural, print_table, project_option


@click.group(cls=ArgusGroup)
def main() -> None:
    """A group like the real one."""


@main.group()
def inner() -> None:
    """A group below it."""


@inner.command()
@project_option
@json_option
def fails(project_id: int, as_json: bool) -> None:
    """A command that cannot find its project."""
    raise ArgusError("unknown_project", f"There is no project {project_id}.", "List them.", project=project_id)


@main.command()
def broken() -> None:
    """A command with a mistake of ours in it."""
    raise ZeroDivisionError


def test_an_error_is_a_sentence_a_hint_and_its_exit_status() -> None:
    result = CliRunner().invoke(main, ["inner", "fails", "--project", "7"])
    assert result.exit_code == 3
    assert result.stderr == "Error: There is no project 7.\n  List them.\n"
    assert result.stdout == ""


def test_an_error_is_json_for_those_who_asked_for_json() -> None:
    result = CliRunner().invoke(main, ["inner", "fails", "-p", "7", "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stderr) == {"error": {"code": "unknown_project", "message": "There is no project 7.",
                                                   "hint": "List them.", "details": {"project": 7}}}
    assert result.stdout == ""


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    assert isinstance(CliRunner().invoke(main, ["broken"]).exception, ZeroDivisionError)


def test_project_option__refuses_what_is_no_id() -> None:
    assert CliRunner().invoke(main, ["inner", "fails", "--project", "0"]).exit_code == 2


def test_print_table__shows_brackets_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["label", "tasks"], [["[red]fan[/red]", 3], [None, 12]])
    shown = capsys.readouterr().out
    assert "[red]fan[/red]" in shown
    assert "│     3 │" in shown  # numbers stand at the right


def test_print_table__links_only_on_a_terminal(capsys: pytest.CaptureFixture[str],
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[Link(n, f"http://studio.example/{n}"), "x"] for n in (7, 12)]
    print_table(["task", "label"], rows)
    piped = capsys.readouterr().out
    assert "│    7 │" in piped and "studio.example" not in piped  # numbers, and nothing that a pipe would choke on
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the output for a terminal then
    monkeypatch.setenv("TERM", "xterm-256color")
    print_table(["task", "label"], rows)
    shown = capsys.readouterr().out
    assert ";http://studio.example/12\x1b\\" in shown and "\x1b]8;" in shown


def test_plural() -> None:
    assert [plural(n, "task") for n in (0, 1, 2)] == ["0 tasks", "1 task", "2 tasks"]
