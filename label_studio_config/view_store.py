"""The table `view`: which views of Label Studio Argus made, or filled, and how it left them."""

from __future__ import annotations

from typing import NamedTuple

from argus.db import together
from argus.db.statements import execute, fetch, fetch_numbers


class ViewRow(NamedTuple):
    """A view of ours.

    Attributes:
        kind: "search", "band", or "tab" for one that a person opened and we filled.
        query: what was searched for; of a band, its name.
        written: digest of the filter that we wrote; '' when it was not kept.
        seen: of a tab, the state of the project that was searched.
        saved_id: the saved search that it follows.
    """

    id: int
    project_id: int
    kind: str
    title: str
    query: str
    written: str
    seen: str
    saved_id: int | None


_COLUMNS = ", ".join(ViewRow._fields)


def views_of(project_id: int, kind: str | None = None) -> list[ViewRow]:
    """Return our views of a project, all or of one kind, by kind and id."""
    return fetch(ViewRow, f"SELECT {_COLUMNS} FROM view WHERE project_id = %s AND kind = coalesce(%s, kind) "
                 "ORDER BY kind, id", (project_id, kind))


def views_following(saved_id: int) -> list[int]:
    """Return the views of a saved search by title."""
    return fetch_numbers("SELECT id FROM view WHERE saved_id = %s ORDER BY title", (saved_id,))


def save_view(view: ViewRow, replaced: int) -> None:
    """Keep a view in the place of `replaced` (0: none), and of another that had its title."""
    with together():
        execute("INSERT INTO project (id) VALUES (%s) ON CONFLICT DO NOTHING", (view.project_id,))
        execute("DELETE FROM view WHERE project_id = %s AND kind = %s AND (title = %s OR id = %s) AND id <> %s",
                (view.project_id, view.kind, view.title, replaced, view.id))
        execute(
            "INSERT INTO view (id, project_id, kind, title, query, written, saved_id) VALUES (%s, %s, %s, %s, %s, %s, "
            "%s) ON CONFLICT (id) DO UPDATE SET title = excluded.title, query = excluded.query, "
            "written = excluded.written, saved_id = excluded.saved_id",
            (view.id, view.project_id, view.kind, view.title, view.query, view.written, view.saved_id))


def save_tab(view_id: int, project_id: int, title: str, query: str, written: str, seen: str) -> None:
    """Keep how we filled a tab."""
    execute("INSERT INTO view (id, project_id, kind, title, query, written, seen) VALUES (%s, %s, 'tab', %s, %s, %s, "
            "%s) ON CONFLICT (id) DO UPDATE SET title = excluded.title, query = excluded.query, "
            "written = excluded.written, seen = excluded.seen", (view_id, project_id, title, query, written, seen))


def forget_view(view_id: int) -> None:
    execute("DELETE FROM view WHERE id = %s", (view_id,))


def forget_tab(view_id: int) -> None:
    """Forget a tab; a view of another kind by this id stays."""
    execute("DELETE FROM view WHERE id = %s AND kind = 'tab'", (view_id,))
