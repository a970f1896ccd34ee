"""Searching from inside Label Studio: a tab titled `? cpu -fan` or `search: cpu` is filled with what its title says.

The title is the query, and who titles a tab so hands it over: its filter becomes ours, and is written again whenever
title, images or filter change. What goes wrong is said behind the title. Another title makes the tab an ordinary one
again. Label Studio's page learns of it when it is loaded again; until then it shows the tab as it was.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from rq.timeouts import BaseTimeoutException

from argus import queue_names
from argus.errors import as_argus_error
from argus.jobs import queues
from argus.labelstudio import get_label_studio
from argus.labelstudio.types import ViewData
from argus.typed_text import fold
from label_studio_config import view_store
from label_studio_config.views import filter_digest, ids_filter, live_views, write_view
from search_service.search.query import SearchQuery
from search_service.search.relevance import POSSIBLE
from search_service.search.search import find
from search_service.views.saved_searches import project_state
from search_service.views.search_views import from_band

log = logging.getLogger(__name__)
SIZE = 100  # hits in a tab, at most, and none that is unlikely
FILL_SECONDS = 120
_END = 40  # letters of what the model does not read that stand in a title
SAID = " ⚠ "  # what stands behind it in a title is ours
_TITLE = re.compile(r"\s*(?:\?|search:)(.*?)(?:⚠.*)?", re.DOTALL)
# Errors of the query itself. Others pass by themselves (a worker that is starting), and the next round tries again.
_FINAL = ("empty_query", "bad_request")


def query_of(title: str) -> str | None:
    """Return the query in the title of a tab, None when it is an ordinary title, e.g. `Search: cpu`, one of ours.

    `？` and `：` of a Japanese keyboard count as `?` and `:`; see `argus.typed_text`.
    """
    match = _TITLE.fullmatch(fold(title))
    return " ".join(match[1].split()) if match else None


def enqueue_stale_tabs(project_id: int) -> bool:
    """Enqueue the filling of tabs whose title asks for something else than they show; return whether there are any."""
    live = live_views(get_label_studio(), project_id)
    asks = any(query_of(str(data.get("title", ""))) is not None for data in live.values())
    if not asks and not view_store.views_of(project_id):
        return False
    if not _due(project_id, live):
        return False
    return queues.enqueue(queue_names.DEFAULT, "search_service.views.query_tabs.fill", project_id,
                          job_id=f"tabs-{project_id}", timeout=FILL_SECONDS, retries=0) is not None


def fill(project_id: int) -> dict[str, int]:
    """Job of the queue `default`: fill the project's tabs that are due; return `{"filled", "refused", "later"}`."""
    ls = get_label_studio()
    live, state = live_views(ls, project_id), project_state(project_id)
    done = {"filled": 0, "refused": 0, "later": 0}
    for view_id in _due(project_id, live):
        title = str(live[view_id]["title"]).split(SAID.rstrip())[0].rstrip()
        query = query_of(title) or ""
        try:
            found = find(project_id, SearchQuery(text=query), SIZE, record=False)
            shown = from_band(found, POSSIBLE)
            said = f"not read: {found.unread[0][:_END]}" if found.unread else "" if shown else "nothing found"
        except BaseTimeoutException:
            raise
        except Exception as error:
            told = as_argus_error(error, view=view_id)
            if told.code not in _FINAL:
                log.info("a tab is not filled yet", extra={"project": project_id, "view": view_id, "code": told.code})
                done["later"] += 1
                continue
            shown = []
            said = "say what you are looking for" if told.code == "empty_query" else told.message.rstrip(".")
        data: ViewData = {**live[view_id], "title": title + (SAID + said if said else ""), "filters": ids_filter(shown)}
        if data["title"] != live[view_id]["title"] or filter_digest(data["filters"]) != filter_digest(
                live[view_id].get("filters")):
            write_view(ls, project_id, view_id, data)
        view_store.save_tab(view_id, project_id, data["title"], query, filter_digest(data["filters"]), state)
        done["filled" if shown else "refused"] += 1
    return done


def _due(project_id: int, live: Mapping[int, ViewData]) -> list[int]:
    """Return the tabs to fill. One that was renamed to an ordinary title, or closed, is forgotten."""
    rows, state = {row.id: row for row in view_store.views_of(project_id)}, project_state(project_id)
    due = []
    for view_id, data in live.items():
        row = rows.pop(view_id, None)
        if row and row.kind != "tab":
            continue
        if query_of(str(data.get("title", ""))) is None:
            if row:
                view_store.forget_tab(view_id)
        elif row is None or row.title != data["title"] or row.seen != state \
                or row.written != filter_digest(data.get("filters")):
            due.append(view_id)
    for row in rows.values():
        if row.kind == "tab":
            view_store.forget_tab(row.id)
    return due
