"""Which project a command means: a number, an exact title, `ARGUS_PROJECT`, or the only one that is connected."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from argus.errors import ArgusError
from argus.settings import get_settings

Titles = Mapping[int, str]  # by project id


def connected() -> Titles:
    """Return the connected projects that Label Studio still has."""
    from label_studio_config import projects

    return {row["id"]: row["title"] for row in projects.connected() if row["missing_since"] is None}


def in_label_studio() -> Titles:
    """Return every project that the service's token can open in Label Studio."""
    from argus.labelstudio import get_label_studio

    return {project["id"]: project["title"] for project in get_label_studio().projects()}


class Project(click.ParamType[int]):
    """A project's number, or its exact title. What is all digits is a number.

    Args:
        titles: where titles are looked up.
    """

    name = "project"

    def __init__(self, titles: Callable[[], Titles] = connected) -> None:
        self.titles = titles

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, str) and not (value.isascii() and value.isdigit()):
            return _titled(value, self.titles())
        if not 0 < int(value) < 2**31:
            self.fail(f"{value} is not a project id.", param, ctx)
        return int(value)


def default() -> int:
    """Return the project of a command that names none: `ARGUS_PROJECT`, else the only one that is connected.

    Raises:
        ArgusError: `bad_request` when there are several, `unknown_project` when there is none, and as `convert`.
    """
    if chosen := get_settings().project:
        return Project().convert(chosen, None, None)
    titles = connected()
    if not titles:
        raise ArgusError("unknown_project", "No project is connected yet.",
                         "`argus connect --title … --labels …` creates one; `argus connect --project …` adopts one.")
    if len(titles) > 1:
        raise ArgusError("bad_request", "Which project? Several are connected.",
                         f"Name one with --project or in ARGUS_PROJECT: {_listed(titles)}.", projects=dict(titles))
    return next(iter(titles))


def _titled(title: str, titles: Titles) -> int:
    found = {project_id: one for project_id, one in titles.items() if one == title}
    if not found:
        raise ArgusError("unknown_project", f"No project has the title “{title}”.",
                         f"There are: {_listed(titles)}." if titles else "No project is connected yet.")
    if len(found) > 1:
        raise ArgusError("bad_request", f"{len(found)} projects have the title “{title}”.",
                         f"Use one's number: {', '.join(map(str, found))}.", projects=list(found))
    return next(iter(found))


def _listed(titles: Titles) -> str:
    return ", ".join(f"{project_id} “{title}”" for project_id, title in titles.items())
