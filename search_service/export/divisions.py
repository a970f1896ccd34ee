"""What is kept of a project's divisions into splits: to list, to begin anew, and to lock the test set of."""

from __future__ import annotations

from argus.answers.splits import Division, Divisions
from argus.errors import ArgusError
from label_studio_config import projects
from search_service.export import store
from search_service.export.divide import TEST
from search_service.export.splitting import division_name


def listing(project_id: int) -> Divisions:
    """Return the divisions of a project by name. Raises `unknown_project`."""
    projects.require(project_id)
    found: dict[str, dict[str, int]] = {}
    for division, split, frames in store.divisions(project_id):
        found.setdefault(division, {})[split] = frames
    return Divisions(divisions=[Division(division=name, left_out=splits.pop("", 0), splits=splits)
                                for name, splits in found.items()], locked=len(store.locked_of(project_id)))


def lock(project_id: int, splits: str = "") -> Divisions:
    """Lock the test frames of a division, of the only one with a test set when none is named: from now on neither
    they nor frames like them come into training, in any division.

    Raises:
        ArgusError: `unknown_project`, `not_found`, `bad_request` when several have one.
    """
    chosen = _chosen(project_id, splits)
    if not chosen.splits.get(TEST):
        raise ArgusError("not_found", f"The division {chosen.division} has no frames in test.",
                         "Export with a test split first, for example --splits train=0.7,val=0.2,test=0.1.")
    store.lock(project_id, chosen.division)
    return listing(project_id)


def unlock(project_id: int) -> Divisions:
    """Unlock the test set. Raises `unknown_project`."""
    projects.require(project_id)
    store.unlock(project_id)
    return listing(project_id)


def reset(project_id: int, splits: str = "") -> Divisions:
    """Forget a division, the only one when none is named: the next export decides anew. A locked test set stays.

    Raises:
        ArgusError: `unknown_project`, `not_found`, `bad_request` when there are several.
    """
    store.forget(project_id, _chosen(project_id, splits, any_=True).division)
    return listing(project_id)


def _chosen(project_id: int, splits: str, *, any_: bool = False) -> Division:
    """Return the division into these splits, without names the only one (that has a test set, unless `any_`)."""
    found = listing(project_id).divisions
    name = division_name(part.strip() for part in splits.split(",")) if splits else ""
    fitting = [one for one in found if (one.division == name if name else any_ or TEST in one.splits)]
    if len(fitting) == 1:
        return fitting[0]
    there = "; ".join(one.division for one in found)
    if fitting:
        raise ArgusError("bad_request", f"Project {project_id} has several divisions: {there}.",
                         "Say which one with --splits.")
    raise ArgusError("not_found", f"Project {project_id} has no such division into splits.",
                     f"It has: {there}." if there else "An export with splits makes one.")
