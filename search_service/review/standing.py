"""Where the tasks under review stand, from our own tables.

Before each count Label Studio is asked what changed since the last time: one short listing. That our record of
deliveries is what Label Studio has is looked at once a minute; while it is not, whoever asks counts there instead.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta

from argus.labelstudio import listing
from argus.labelstudio.filters import ANNOTATED, HAS_REGIONS, NO_SCORE, SKIPPED, UNREVIEWED, changed_since
from argus.labelstudio.types import Task
from argus.ttl_cache import Expiring
from label_studio_config.views import TO_FIX
from search_service.review import reviewed_store
from search_service.review.candidates import Review, band_conditions, count_tasks, list_ids, of_version, prepare
from search_service.review.reviewed_store import Change, Done, Standing

_FIELDS = "id,updated_at,total_annotations,cancelled_annotations"
# Label Studio stamps a task first and counts its annotations afterwards: what is younger is listed again.
_SETTLED = timedelta(seconds=30)

# Whether Label Studio has as many predictions as our record, with scores; by project, version and that number.
_same_lately = Expiring[tuple[int, str, int], bool](seconds=60.0)


def standings(review: Review) -> list[Standing] | None:
    """Return every task with a prediction of the current version, by id; None when our record is not what Label Studio
    has."""
    delivered = reviewed_store.count_delivered(review.project_id, review.model_version)
    if not _is_same(review, delivered):
        return None
    follow(review)
    return reviewed_store.standings(review.project_id, review.model_version)


def unreviewed(review: Review, band: str | None, aside: Container[int]) -> list[int]:
    """Return the unreviewed tasks of a band, by id; without one, of all bands.

    Args:
        aside: tasks that something was decided against: they are in `to_fix` and in no other band.
    """
    rows = standings(review)
    if rows is None:
        conditions = [] if band in (None, TO_FIX) else band_conditions(review, str(band))
        ids = list_ids(review, [of_version(review), *UNREVIEWED, *conditions])
    else:
        ids = [row.task_id for row in rows if row.state is None
               and (band in (None, TO_FIX) or review.edges.band(row.score) == band)]
    return [task for task in ids if (task in aside) == (band == TO_FIX)]


def _is_same(review: Review, delivered: int) -> bool:
    key = (review.project_id, review.model_version, delivered)
    same = _same_lately.get(key)
    if same is None:
        prepare(review)
        version = of_version(review)
        same = (bool(delivered) and count_tasks(review, [version]) == delivered
                and not count_tasks(review, [version, NO_SCORE, HAS_REGIONS]))  # as another program writes them
        if same:
            _same_lately[key] = same
    return same


def follow(review: Review) -> None:
    """Take over which tasks people annotated or skipped, or no longer do."""
    project_id, asked_at = review.project_id, datetime.now(UTC)
    since = reviewed_store.cursor(project_id)
    if since is None:
        _begin(review, asked_at)
        return
    for page in listing.pages(review.ls, project_id, [changed_since(since)], order="tasks:updated_at",
                              include=_FIELDS):
        changes = [_change(task) for task in page]
        reviewed_store.write_changes(project_id, changes, _settled(changes, asked_at))


def _begin(review: Review, asked_at: datetime) -> None:
    """Take over all that people have reviewed until now."""
    newest = listing.page(review.ls, review.project_id, size=1, order="-tasks:updated_at", include=_FIELDS)["tasks"]
    for conditions in ([ANNOTATED], SKIPPED):
        for page in listing.walk(review.ls, review.project_id, conditions, include=_FIELDS):
            reviewed_store.write_changes(review.project_id, [_change(task) for task in page], None)
    reviewed_store.write_changes(review.project_id, [], _settled([_change(task) for task in newest], asked_at))


def _settled(changes: Sequence[Change], asked_at: datetime) -> datetime | None:
    """Return from when on to ask next; None where nothing was listed."""
    newest = max((one.changed_at for one in changes), default=None)
    return newest and min(newest, asked_at - _SETTLED)


def _change(task: Task) -> Change:
    skipped: Done | None = "skipped" if task["cancelled_annotations"] else None
    return Change(task["id"], "annotated" if task["total_annotations"] else skipped,
                  datetime.fromisoformat(task["updated_at"]))
