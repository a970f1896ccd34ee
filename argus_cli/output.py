"""What the commands share: output for people and for scripts, and one way from an error to an exit status."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import click
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text

from argus.answers.base import Answer
from argus.errors import ArgusError, as_argus_error
from argus_cli import projects

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
_JSON = "argus_cli.json"


class HelpGroup(click.Group):
    """A command group that, called alone, shows its help and ends well: nobody did anything wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])


class ArgusGroup(HelpGroup):
    """A command group whose commands may raise `ArgusError`: a sentence and a hint on stderr, the code's exit status.

    A command that was asked for JSON gets the error as JSON on stderr too. An exception that is not ours ends with
    status 1 and its traceback, which is what a bug report needs.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArgusError as error:
            show_error(error, as_json=bool(ctx.meta.get(_JSON)))
            ctx.exit(error.kind.exit_code)


def show_error(error: BaseException, *, as_json: bool = False) -> None:
    """Print an error on stderr: what is wrong, then what to do about it."""
    ours = as_argus_error(error)
    if as_json:
        click.echo(json.dumps({"error": ours.to_json()}, ensure_ascii=False, default=str), err=True)
        return
    click.secho(f"Error: {ours.message}", fg="red", err=True)
    if ours.hint:
        click.echo(f"  {ours.hint}", err=True)


def json_option(command: F) -> F:
    """Add `--json`: the command prints one JSON document on stdout and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, callback=remember_json, is_eager=True,
                        help="Print JSON for scripts.")(command)


def remember_json(ctx: click.Context, parameter: click.Parameter, value: T) -> T:
    """Let errors be JSON, too, when an option asks for it."""
    ctx.meta[_JSON] = value
    return value


class _TaskIds(click.ParamType[list[int]]):
    """A task id, or `-` for the ids on stdin: what `--ids` of another command prints."""

    name = "task"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        texts = sys.stdin.read().split() if value == "-" else [value]
        for text in texts:
            if not (text.isascii() and text.isdigit() and int(text)):
                self.fail(f"{text!r} is not a task id.", param, ctx)
        return [int(text) for text in texts]


def tasks_option(help_: str) -> Callable[[F], F]:
    """Add `--task ID`, repeatable, or `--task -` for ids on stdin."""
    def flat(ctx: click.Context, parameter: click.Parameter, value: tuple[list[int], ...]) -> tuple[int, ...]:
        if not ctx.resilient_parsing and value and not any(value):
            raise ArgusError("nothing_selected", "No task ids were given on stdin.")
        return tuple(task for some in value for task in some)

    return click.option("--task", "tasks", type=_TaskIds(), multiple=True, callback=flat, metavar="ID",
                        help=f"{help_}; repeatable. `-` reads ids from stdin.")


def ids_option(command: F) -> F:
    """Add `--ids`: the command prints the ids of what it lists, one a line, and nothing else."""
    return click.option("--ids", "ids_only", is_flag=True, help="Print only the ids, one a line, for pipes.")(command)


def project_option(command: F) -> F:
    """Add `--project`, which is `projects.default` when it is left out."""
    def chosen(ctx: click.Context, parameter: click.Parameter, value: int | None) -> int | None:
        return projects.default() if value is None and not ctx.resilient_parsing else value

    return click.option("--project", "-p", "project_id", type=projects.Project(), metavar="PROJECT", callback=chosen,
                        help="The project's number or exact title.  [default: ARGUS_PROJECT, else the only connected "
                             "one]")(command)


def print_json(data: object) -> None:
    """Print one JSON document on stdout; answers may stand anywhere in it."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_as_json))


def _as_json(value: object) -> JsonValue:
    found: JsonValue = value.model_dump(mode="json") if isinstance(value, Answer) else str(value)
    return found


def print_ids(ids: Iterable[object]) -> None:
    """Print ids, one a line; nothing at all without any."""
    for one in ids:
        click.echo(one)


def console() -> Console:
    """Return a console on today's stdout; a table is not squeezed when the output is a file or a pipe."""
    wide = {} if sys.stdout.isatty() or os.environ.get("COLUMNS") else {"width": 160}
    return Console(file=sys.stdout, highlight=False, soft_wrap=False, **wide)  # type: ignore[arg-type]


class Link(NamedTuple):
    """A cell that leads somewhere when it is clicked; where the output is no terminal, only what it shows."""

    shown: object
    url: str

    def __str__(self) -> str:
        return str(self.shown)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table; a column whose cells are all numbers is set to the right. Cells are shown as they are."""
    cells = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        numbers = bool(cells) and all(_is_number(row[index]) for row in cells)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(str(cell), Style(link=cell.url)) if isinstance(cell, Link)
                        else escape("" if cell is None else str(cell)) for cell in row))
    console().print(table)


def _is_number(cell: object) -> bool:
    return isinstance(cell.shown if isinstance(cell, Link) else cell, int | float)


@contextmanager
def progress_bar(title: str, *, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (done, total) that draws a bar on stderr; nothing is drawn without a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not (shown and sys.stderr.isatty())) as bar:
        line = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)


def say(text: str) -> None:
    """Print one line for a person on stdout."""
    click.echo(text)


def plural(count: int, noun: str) -> str:
    """Return "1 task", "2 tasks"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
