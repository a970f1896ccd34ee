"""Which images are judged: those of a split, as exports decided it."""

from __future__ import annotations

from typing import NamedTuple

from argus.answers.evaluation import Split
from argus.errors import ArgusError
from search_service.export import divisions, store
from search_service.export.divide import TEST
from search_service.export.splitting import division_name


class Part(NamedTuple):
    """Tasks to judge.

    Attributes:
        tasks: by id; None for all.
        division: the splits of the division that they are of, "" without one.
        locked: the locked test set, those that are not judged included.
    """

    tasks: list[int] | None
    division: str
    locked: frozenset[int]


def find(project_id: int, on: Split, splits: str = "") -> Part:
    """Return the tasks of a split. The locked test set is in `test`, and in no other, of every division.

    Args:
        splits: the division into these, such as `train,val,test`; not needed when one division has the split.

    Raises:
        ArgusError: `unknown_project`, `not_found`, `bad_request` when several divisions have the split.
    """
    known = divisions.listing(project_id).divisions
    locked = store.locked_of(project_id)
    if on == "all":
        return Part(None, "", locked)
    name = division_name(part.strip() for part in splits.split(",")) if splits else ""
    fitting = [one.division for one in known if on in one.splits and name in ("", one.division)]
    if len(fitting) > 1:
        raise ArgusError("bad_request", f"Several divisions of project {project_id} have a split {on}: "
                         f"{'; '.join(fitting)}.", "Say which one with --splits, in REST `splits`.")
    if not fitting:
        if on == TEST and locked and not name:
            return Part(sorted(locked), "", locked)
        of = f"The division {name} of project {project_id}" if name else f"Project {project_id}"
        raise ArgusError("not_found", f"{of} has no split {on}.",
                         "An export with splits makes one, for example `argus export --splits "
                         "train=0.7,val=0.2,test=0.1`; `--on all` judges every annotated image.")
    mine = {task for task, split in store.splits_of(project_id, fitting[0]).items() if split == on}
    return Part(sorted(mine | locked if on == TEST else mine - locked), fitting[0], locked)
