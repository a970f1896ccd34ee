"""The command line as a whole: help by step, suggestions, and completion in a real shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from argus_cli.main import COMMANDS, STEPS, main

# The console script of this environment, whatever PATH says.
BIN = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_alone_it_shows_the_commands_by_step(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0
    places = [done.output.index(f"\n{step}:\n") for step in STEPS]
    assert places == sorted(places)
    assert all(f"\n  {name} " in done.output for name in COMMANDS)


@pytest.mark.parametrize("group", ["review", "runs", "views", "saved-searches", "search-history", "judgements"])
def test_a_group_alone_shows_its_help(group: str) -> None:
    done = CliRunner().invoke(main, [group])
    assert (done.exit_code, "Commands:" in done.output) == (0, True)


def test_each_line_of_the_help_fits_a_terminal_and_names_a_command_that_is_there() -> None:
    context = click.Context(main)
    for name, text in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None and command.name == name and command.help
        assert len(text) <= 60, name


@pytest.mark.parametrize(("typed", "meant"), [("serach", "'search'"), ("anotate", "'annotate'"), ("run", "'runs'")])
def test_a_slip_of_the_finger_is_answered_with_the_command_that_was_meant(typed: str, meant: str) -> None:
    done = CliRunner().invoke(main, [typed])
    assert done.exit_code == 2 and f"No such command '{typed}'" in done.output and meant in done.output
    assert "meant" not in CliRunner().invoke(main, ["xylophone"]).output


def completed(*words: str) -> list[str]:
    """Return what a bash that has loaded the script offers behind `words`."""
    typed = " ".join(f"'{word}'" for word in words)
    script = (f'eval "$(argus completion bash)"; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; '
              f'_argus_completion argus; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "--norc", "--noprofile", "-eu", "-c", script], env=BIN, capture_output=True,
                          text=True, timeout=60, check=True)
    return done.stdout.split()


@pytest.mark.slow
def test_completion__in_bash() -> None:
    assert completed("argus", "re") == ["recipe", "references", "review", "restore"]
    assert completed("argus", "runs", "re") == ["resume", "retry"]
    assert "--estimate" in completed("argus", "annotate", "--e")
    assert completed("argus", "completion", "z") == ["zsh"]


@pytest.mark.slow
def test_completion__of_a_command_that_would_ask_the_database() -> None:
    assert completed("argus", "search", "--collapse", "--labe") == ["--labelled", "--label", "--label-in"]


@pytest.mark.parametrize(("shell", "begin"), [("zsh", "#compdef argus"), ("fish", "function _argus_completion")])
def test_completion__of_the_other_shells(shell: str, begin: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0 and done.output.startswith(begin)
    assert CliRunner().invoke(main, ["completion", "tcsh"]).exit_code == 2


def test_import_labels__a_missing_file_is_said_before_any_server_is_asked() -> None:
    for arguments in (["nowhere.json"], [str(Path(__file__)), "--images", "nowhere.zip"]):
        done = CliRunner().invoke(main, ["import-labels", *arguments, "--project", "7"])
        assert done.exit_code == 2 and "does not exist" in done.output and "nowhere" in done.output
