"""Write the reference pages (settings, errors, commands) from the code; tests hold the pages to it. `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from argus.errors import CATALOGUE
from argus.settings import Settings
from argus_cli.main import main as argus

COMMANDS_HEAD = """\
`argus --help` lists them, `argus COMMAND --help` says what stands here. `argus completion bash` (or `zsh`, `fish`)
prints what your shell needs to complete them.

`--project` takes a number or an exact title. Without it a command works on `ARGUS_PROJECT`, else on the only
connected project. Nearly every command takes `--json`, for scripts. What lists something takes `--ids`: one id a line,
which `--task -` reads:

    argus search "red fan" --unlabelled --ids | argus annotate --task - --label fan"""


def settings_table() -> str:
    """Return the table of every setting: environment variable, default, meaning."""
    rows = ["| environment variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (PydanticUndefined, None) else field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else str(default)
        rows.append(f"| `ARGUS_{name.upper()}` | {f'`{shown}`' if shown else ''} | {field.description} |")
    return "\n".join(rows)


def error_table() -> str:
    """Return the table of every error code with its HTTP status and exit status."""
    rows = ["| code | HTTP | exit |", "|---|---|---|"]
    return "\n".join(rows + [f"| `{code}` | {kind.status} | {kind.exit_code} |" for code, kind in CATALOGUE.items()])


def command_pages() -> str:
    """Return what `--help` says of every command, except of `--help` itself, as a section each."""
    root = click.Context(argus, info_name="argus", terminal_width=100, help_option_names=[])
    return "\n".join(f"## {context.command_path}\n\n```\n{context.command.get_help(context)}\n```\n"
                     for context in _contexts(root) if context.parent)


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _contexts(click.Context(command, info_name=name, parent=context))


def main() -> None:
    docs = Path(__file__).parent.parent / "docs"
    (docs / "settings.md").write_text(
        "# Settings\n\nEvery process reads these environment variables, or a file `.env` in its working directory.\n\n"
        f"{settings_table()}\n", "utf-8")
    (docs / "errors.md").write_text(
        "# Errors\n\nEach error has a stable code. HTTP answers it as `application/problem+json` (RFC 9457) with "
        "the code, a sentence and a hint; the command line prints the sentence and the hint and ends with the exit "
        "status.\n\n"
        f"{error_table()}\n", "utf-8")
    (docs / "commands.md").write_text(
        f"# Commands\n\n{COMMANDS_HEAD}\n\n"
        f"{command_pages()}", "utf-8")


if __name__ == "__main__":
    main()
