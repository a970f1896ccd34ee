"""Who a caller is who brings their own Label Studio token, what they see, and what they manage.

Without one, the REST API acts with the rights of its own token. With one, every project that is asked for, by its
number or by the number of something in it, must be one that this person can open in Label Studio. What they may do
there is in `search_service.api.rights`. No Flask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from argus.answers import service as answers
from argus.errors import ArgusError
from argus.labelstudio.users import Person, service_account, sign_in
from argus.settings import get_settings
from argus.ttl_cache import Expiring
from search_service.api import store
from search_service.export import jobs

KNOWN_SECONDS = 30.0  # what Label Studio said of a caller holds so long: a page asks for dozens of pictures at once
_Seen = tuple[bool, int | None]  # whether Label Studio shows a project, and who made it
_PROJECT_OF = {"run_id": ("unknown_run", "run"), "acceptance_id": ("not_found", "acceptance"),
               "sample_id": ("not_found", "sample"), "certificate_id": ("not_found", "certificate"),
               "edit_id": ("not_found", "edit"), "import_id": ("not_found", "label import"),
               "task_id": ("unknown_task", "task")}


class Caller:
    """A person known by their own personal access token of Label Studio."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._seen: Expiring[int, _Seen] = Expiring(KNOWN_SECONDS)

    def check(self, project_id: int) -> None:
        """Raise `unknown_project` unless Label Studio shows this person the project."""
        if not self.sees(project_id):
            raise ArgusError("unknown_project", f"Label Studio shows the owner of your token no project {project_id}.",
                             "Ask for access to it in Label Studio, or use the token of somebody who has it.")

    def sees(self, project_id: int) -> bool:
        """Whether Label Studio shows this person the project. Raises `label_studio_unreachable`."""
        return self._look(project_id)[0]

    def manages(self, project_id: int) -> bool:
        """Whether this person made the project in Label Studio, or may manage all of them, and sees it."""
        sees, creator = self._look(project_id)
        return sees and (creator == self.person.id or self.is_admin())

    def is_admin(self) -> bool:
        """Whether this person may manage every project that they see.

        The open-source edition of Label Studio tells no other roles apart: its organisation's owner, and everybody
        else. The owner of the service's own token could do everything with that token anyway.
        """
        account, named = service_account(), {name.strip() for name in get_settings().admins.split(",")}
        if self.person.id == account.id:
            return True
        return self.person.organization == account.organization and (
            self.person.owns_organization or self.person.email in named)

    def _look(self, project_id: int) -> _Seen:
        known = self._seen.get(project_id)
        if known is None:
            known = self._seen[project_id] = self._asked(project_id)
        return known

    def _asked(self, project_id: int) -> _Seen:
        try:
            project = self.person.ls.project(project_id)
        except ArgusError as error:
            if error.code not in ("unknown_project", "label_studio_unauthorized"):
                raise
            return False, None
        return True, owner["id"] if (owner := project.get("created_by")) else None

    def visible(self) -> set[int]:
        """Return the projects that Label Studio shows this person."""
        return {project["id"] for project in self.person.ls.projects()}


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
            caller = _callers[digest] = Caller(sign_in(token))
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
            caller.check(jobs.describe(number).project)
            continue
        code, what = _PROJECT_OF[name]
        project_id = store.project_of(name, number)
        if project_id is None or not caller.sees(project_id):
            raise ArgusError(code, f"There is no {what} {number} that the owner of your Label Studio token may see.")


def project_of(arguments: Mapping[str, Any]) -> int | None:
    """Return the project that the variables of a route's path lead to; None when there is none. Raises as `check`."""
    if "project_id" in arguments:
        return int(arguments["project_id"])
    for name, number in arguments.items():
        if name != "export_id":
            return store.project_of(name, number)
        try:
            return int(jobs.describe(number).project)
        except ArgusError:
            return None
    return None


def person(token: str) -> answers.Person:
    """Return who a personal access token of Label Studio belongs to.

    Raises:
        ArgusError: `bad_request` for an unknown token, `label_studio_unreachable`.
    """
    with refused_token():
        owner = sign_in(token)
    return answers.Person(id=owner.id, email=owner.email, name=owner.name)


@contextmanager
def refused_token() -> Iterator[None]:
    """Tell a token of Label Studio that is refused apart from a missing token of our own API, which is a 401."""
    try:
        yield
    except ArgusError as error:
        if error.code != "unauthorized":
            raise
        raise ArgusError("bad_request", error.message, error.hint) from error
