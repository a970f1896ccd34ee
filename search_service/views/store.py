"""The tables `saved_search`, searches kept by name, and `view_rank`, the order of views that no saved search keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from argus.db import together
from argus.db.statements import execute, fetch, fetch_number, fetch_one
from argus.errors import ArgusError
from label_studio_config.bands import Edges


class SavedRow(NamedTuple):
    """A saved search.

    Attributes:
        ask: what is searched for, as `SearchQuery.to_json` gives it.
        size, relevance: the view shows so many hits at most, and none below this band.
        ranked: first hits whose rank stands in their data.
        shown: the tasks that the view showed last, best first.
        stale: a newer state of the project, waited out until it settles.
    """

    id: int
    project_id: int
    name: str
    ask: dict[str, Any]
    size: int
    relevance: str
    keep_view: bool
    ranked: int
    shown: list[int]
    stale: str
    refreshed_at: datetime | None
    error: dict[str, Any] | None


class Followed(NamedTuple):
    """A saved search whose view is kept: the state it shows, the newer one that is waited out, and whether for long
    enough."""

    id: int
    seen: str
    stale: str
    due: bool | None


class RankedView(NamedTuple):
    """A view that was made with ranks."""

    rank_id: int
    title: str


class RankRow(NamedTuple):
    """Which tasks are to carry a rank, and which may carry one; `view_id` None: of a view that is gone."""

    id: int
    view_id: int | None
    target: list[int]
    written: list[int]


class _State(NamedTuple):
    state: str


_SAVED = ", ".join(SavedRow._fields)


def add_saved(project_id: int, name: str, ask: Mapping[str, Any], *, size: int, relevance: str, keep_view: bool,
              ranked: int, person_id: int | None) -> int:
    """Keep a search; return its id. Raises `psycopg.errors.UniqueViolation` when the name is taken."""
    return fetch_number(
        "INSERT INTO saved_search (project_id, name, ask, size, relevance, keep_view, ranked, person_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (project_id, name, Jsonb(ask), size, relevance, keep_view, ranked, person_id))


def change_saved(saved: SavedRow) -> None:
    """Write what people may change of a saved search; its view is searched for anew. Raises as `add_saved`."""
    execute("UPDATE saved_search SET name = %s, ask = %s, size = %s, relevance = %s, keep_view = %s, ranked = %s, "
            "seen = '', shown = '{}' WHERE id = %s",
            (saved.name, Jsonb(saved.ask), saved.size, saved.relevance, saved.keep_view, saved.ranked, saved.id))


def delete_saved(saved_id: int) -> None:
    execute("DELETE FROM saved_search WHERE id = %s", (saved_id,))


def all_saved(project_id: int) -> list[SavedRow]:
    """Return the saved searches of a project by name."""
    return fetch(SavedRow, f"SELECT {_SAVED} FROM saved_search WHERE project_id = %s ORDER BY name", (project_id,))


def saved(project_id: int, saved_id: int) -> SavedRow:
    """Return a saved search. Raises `not_found`."""
    row = fetch_one(SavedRow, f"SELECT {_SAVED} FROM saved_search WHERE id = %s AND project_id = %s",
                    (saved_id, project_id))
    if row is None:
        raise ArgusError("not_found", f"The project {project_id} has no saved search {saved_id}.")
    return row


def has_other(project_id: int, name: str, saved_id: int) -> bool:
    """Whether another saved search of the project has this name."""
    return fetch_number("SELECT count(*) FROM saved_search WHERE project_id = %s AND name = %s AND id <> %s",
                        (project_id, name, saved_id)) > 0


def record_failure(saved_id: int, error: ArgusError) -> None:
    execute("UPDATE saved_search SET error = %s WHERE id = %s", (Jsonb(error.to_json()), saved_id))


def record_refresh(saved_id: int, shown: Sequence[int], seen: str) -> None:
    """Keep what the view shows now, and the state of the project that was searched."""
    execute("UPDATE saved_search SET shown = %s, seen = %s, stale = '', stale_since = NULL, refreshed_at = now(), "
            "error = NULL WHERE id = %s", (list(shown), seen, saved_id))


def forget_shown(saved_id: int) -> None:
    """Let the next refresh make the view anew."""
    execute("UPDATE saved_search SET shown = '{}', seen = '' WHERE id = %s", (saved_id,))


def followed(project_id: int, settle_seconds: float) -> list[Followed]:
    """Return the saved searches whose view is kept; due: stale for longer than `settle_seconds`."""
    return fetch(Followed, "SELECT id, seen, stale, stale_since < now() - make_interval(secs => %s) AS due "
                 "FROM saved_search WHERE project_id = %s AND keep_view", (settle_seconds, project_id))


def mark_stale(saved_id: int, state: str) -> None:
    """Keep that the project came into another state than the view shows."""
    execute("UPDATE saved_search SET stale = %s, stale_since = coalesce(stale_since, now()) "
            "WHERE id = %s AND seen <> %s", (state, saved_id, state))


def project_state(project_id: int, edges: Edges) -> str:
    """Return a text that changes with all that decides a search result: see `saved_searches.project_state`."""
    row = fetch_one(
        _State,
        "SELECT concat_ws(' ', count(*) FILTER (WHERE state = 'embedded'), max(id), max(updated_at), "
        "count(*) FILTER (WHERE labelled), count(duplicate_of), (SELECT concat_ws('/', count(*), max(claimed_at)) "
        "FROM prediction p WHERE p.project_id = %(project)s AND p.state = 'stored'), "
        "(SELECT id FROM embedding_model WHERE role = 'current'), "
        "(SELECT concat_ws('/', %(high)s::float8, %(medium)s::float8, model_version, md5(overrides::text)) "
        "FROM project WHERE id = %(project)s)) AS state FROM task WHERE project_id = %(project)s",
        {"project": project_id, "high": edges.high, "medium": edges.medium})
    return row.state if row else ""


def ranked_views(project_id: int) -> list[RankedView]:
    """Return the search views of a project that have ranks."""
    return fetch(RankedView, "SELECT r.id AS rank_id, v.title FROM view_rank r JOIN view v ON v.id = r.view_id "
                 "WHERE r.project_id = %s AND v.kind = 'search'", (project_id,))


def next_rank_id() -> int:
    return fetch_number("SELECT nextval('view_rank_id_seq')")


def set_order(project_id: int, rank_id: int, view_id: int, tasks: Sequence[int]) -> None:
    """Keep which tasks a view shows, best first; other ranks of this view are to go."""
    with together():
        execute("UPDATE view_rank SET view_id = NULL, wanted = '{}' WHERE view_id = %s AND id <> %s",
                (view_id, rank_id))
        execute("INSERT INTO view_rank (id, project_id, view_id, wanted) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET view_id = excluded.view_id, wanted = excluded.wanted",
                (rank_id, project_id, view_id, list(tasks)))


def release_ranks(view_ids: Sequence[int]) -> None:
    """Keep that the ranks of these views are to go."""
    execute("UPDATE view_rank SET view_id = NULL, wanted = '{}' WHERE view_id = ANY(%s)", (list(view_ids),))


def ranks_of(project_id: int) -> list[RankRow]:
    return fetch(RankRow, "SELECT id, view_id, wanted AS target, written FROM view_rank WHERE project_id = %s",
                 (project_id,))


def begin_writing(project_id: int, rank_id: int) -> RankRow | None:
    """Return what is to be written, None when there is nothing any more. Its tasks count as written before they are: a
    job that is cut off must not leave ranks that nobody knows of."""
    with together():
        row = fetch_one(RankRow, "SELECT id, view_id, wanted AS target, written FROM view_rank WHERE id = %s "
                        "AND project_id = %s", (rank_id, project_id))
        execute("UPDATE view_rank SET written = written || wanted WHERE id = %s AND project_id = %s",
                (rank_id, project_id))
    return row


def end_writing(row: RankRow) -> None:
    """Keep that exactly the tasks of `row` carry a rank now; forget the ranks of a view that is gone."""
    if row.view_id is None:
        execute("DELETE FROM view_rank WHERE id = %s AND view_id IS NULL", (row.id,))
    else:
        execute("UPDATE view_rank SET written = %s WHERE id = %s", (row.target, row.id))


def delete_ranks(rank_id: int) -> None:
    execute("DELETE FROM view_rank WHERE id = %s", (rank_id,))

