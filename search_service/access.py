"""What a caller may see who brings their own Label Studio token: the projects that Label Studio shows them.

Without one, the REST API acts with the rights of its own token. With one, every project that is asked for, by its
number or by the number of something in it, must be one that this person can open in Label Studio. No Flask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from argus.db import connect
from argus.errors import ArgusError
from argus.expiring import Expiring
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.people import sign_in
from search_service import exports
from search_service.selection import refused_token

KNOWN_SECONDS = 30.0  # what Label Studio said of a caller holds so long: a page asks for dozens of pictures at once
_PROJECT_OF = {"run_id": ("unknown_run", "run", "SELECT project_id FROM run WHERE id = %s"),
               "acceptance_id": ("not_found", "acceptance", "SELECT project_id FROM acceptance WHERE id = %s"),
               "task_id": ("unknown_task", "task", "SELECT project_id FROM task WHERE id = %s")}


class Caller:
    """A person known by their own personal access token of Label Studio, which is used here for questions only."""

    def __init__(self, ls: LabelStudio) -> None:
        self._ls = ls
        self._sees: Expiring[int, bool] = Expiring(KNOWN_SECONDS)

    def check(self, project_id: int) -> None:
        """Raise `unknown_project` unless Label Studio shows this person the project."""
        if not self.sees(project_id):
            raise ArgusError("unknown_project", f"Label Studio shows the owner of your token no project {project_id}.",
                             "Ask for access to it in Label Studio, or use the token of somebody who has it.")

    def sees(self, project_id: int) -> bool:
        """Whether Label Studio shows this person the project. Raises `label_studio_unreachable`."""
        known = self._sees.get(project_id)
        if known is None:
            known = self._sees[project_id] = self._asked(project_id)
        return known

    def _asked(self, project_id: int) -> bool:
        try:
            self._ls.project(project_id)
        except ArgusError as error:
            if error.code not in ("unknown_project", "label_studio_unauthorized"):
                raise
            return False
        return True

    def visible(self) -> set[int]:
        """Return the projects that Label Studio shows this person."""
        return {project["id"] for project in self._ls.projects()}


_callers: Expiring[bytes, Caller] = Expiring(KNOWN_SECONDS)


def caller_of(token: str) -> Caller:
    """Return the owner of a personal access token.

    Raises:
        ArgusError: `bad_request` when Label Studio does not know the token; `label_studio_unreachable`.
    """
    digest = hashlib.sha256(token.encode()).digest()
    caller = _callers.get(digest)
    if caller is None:
        with refused_token():
            caller = _callers[digest] = Caller(sign_in(token).ls)
    return caller


def check(caller: Caller, arguments: Mapping[str, Any]) -> None:
    """Check what the variables of a route's path name.

    Args:
        arguments: numbers by the variable's name; with a `project_id`, the route itself looks only inside that project.

    Raises:
        ArgusError: `unknown_project`, or what an unknown run, task, … raises; `KeyError` for a variable that nobody has
            thought of, so that a new route is closed before it is open.
    """
    if "project_id" in arguments:
        caller.check(arguments["project_id"])
        return
    for name, number in arguments.items():
        if name == "export_id":
            caller.check(exports.describe(number)["project"])
            continue
        code, what, query = _PROJECT_OF[name]
        with connect() as connection:
            row = connection.execute(query, (number,)).fetchone()
        if row is None or not caller.sees(row["project_id"]):
            raise ArgusError(code, f"There is no {what} {number} that the owner of your Label Studio token may see.")
