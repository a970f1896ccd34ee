"""Connected projects that Label Studio does not have any more: noticed once, then left alone, and found again.

A project may be missing for good (deleted) or for a time (the token lost its access, Label Studio was restored from a
backup), so it is asked for again at the pace of full listings, and what Argus knows of it stays.
"""

from __future__ import annotations

import logging

from argus.settings import get_settings
from label_studio_config import listing_store

log = logging.getLogger(__name__)


def note(project_id: int) -> None:
    """Keep that Label Studio was asked for the project just now and has none of that number."""
    listing_store.mark_missing(project_id)


def found(project_id: int) -> None:
    """Keep that the project is there again."""
    listing_store.mark_present(project_id)
    log.info("the project is there again", extra={"project": project_id})


def resting() -> set[int]:
    """Return the missing projects that it is too early to ask for again."""
    return listing_store.missing(get_settings().reconcile_seconds)
