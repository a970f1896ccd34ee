"""Deletes the files of uploads that nothing waits for: abandoned, failed or cancelled ones, and those without a row."""

from __future__ import annotations

import logging

from search_service.uploads import files, store

log = logging.getLogger(__name__)
HOURS = 24  # that the bytes of an upload may stop coming, and that a failed import can be tried again
_DAYS = 30  # that the row of an upload stays which has ended


def remove() -> int:
    """Delete what is left over; return how many files. A file on its way into the table is never that old."""
    gone = 0
    for row in store.stale(HOURS):
        if row.state == "receiving" and not store.cancel(row.id):
            continue  # its last byte came meanwhile
        gone += _delete(row)
    for row in [*store.with_needless_file(), *store.unused_labels(HOURS)]:
        gone += _delete(row)
    for name in files.nobodys(store.files(), HOURS * 3600):
        files.remove(name)
        gone += 1
    store.forget_old(_DAYS)
    if gone:
        log.info("files of uploads were deleted", extra={"files": gone})
    return gone


def _delete(row: store.Row) -> int:
    store.file_gone(row.id)
    files.remove(row.file)
    return 1
