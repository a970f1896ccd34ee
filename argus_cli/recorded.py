"""A row of the audit table for every command that changes something: `@recorded("review.accept")`."""

from __future__ import annotations

import functools
import os
import pwd
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from argus import audit
from argus.db import refuse_when_read_only
from argus.errors import ArgusError
from argus.settings import get_settings

T = TypeVar("T")
Options = Mapping[str, Any]
RECORDED: dict[Callable[..., Any], str | Callable[[Options], str]] = {}  # what a command does, by its function


def recorded(action: str | Callable[[Options], str]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Let a command write a row each time; the innermost decorator.

    Args:
        action: as `search_service.api.rights` names it; or a function of the command's options that does, and that
            returns "" when they change nothing.
    """
    def decorate(command: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(command)
        def run(**options: Any) -> T:
            name = action if isinstance(action, str) else action(options)
            if not name:
                return command(**options)
            with audit.recorded(_actor(options.get("token", "")), name, options.get("project_id"), _thing(options)):
                _refuse_half_work(name)
                try:
                    return command(**options)
                except (click.Abort, click.UsageError):  # nothing was done
                    audit.nothing_changes()
                    raise

        RECORDED[run] = action
        return run

    return decorate


def _refuse_half_work(action: str) -> None:
    """Raise `database_read_only` before Label Studio is told anything; of a database that is away the command tells,
    once it needs it."""
    if action not in audit.WITHOUT_ROWS:
        try:
            refuse_when_read_only()
        except ArgusError as error:
            if error.code == "database_read_only":
                raise


def _thing(options: Options) -> str:
    """Return what the options name inside a project, as `rights.thing` does."""
    names = {"run_id": "run", "acceptance": "acceptance", "saved_id": "saved search", "search_id": "search",
             "view_id": "view", "task": "task", "import_id": "label import"}
    return " ".join(f"{what} {options[name]}" for name, what in names.items() if options.get(name))


def _actor(lent: str) -> audit.Actor:
    """Return the owner of the token that the command uses: the one that was lent, else the configured one."""
    from argus.labelstudio.users import service_account, sign_in

    address = f"local {_user()}"
    try:
        person = sign_in(lent) if lent else service_account() if get_settings().access_token else None
    except (ArgusError, ValueError, KeyError, TypeError):  # the command says so itself when it needs Label Studio
        person = None
    return audit.Actor(person.email, person.id, address) if person else audit.Actor(address=address)


def _user() -> str:
    """Return the operating system's user; not by the environment, which they may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # of a container that gave the number no name
        return str(os.getuid())
