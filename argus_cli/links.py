"""Where what the commands print can be looked at: tasks in Label Studio, a search on Argus's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from argus.settings import get_settings
from argus_cli.output import Link

if TYPE_CHECKING:
    from search_service.search.query import Example, SearchQuery


def task(project_id: int, task_id: int) -> Link:
    """Return a task's number as a link to Label Studio."""
    return Link(task_id, f"{get_settings().public_label_studio_url}/projects/{project_id}/data?task={task_id}")


def search_page(project_id: int, query: SearchQuery) -> str:
    """Return the address of Argus's page that shows the hits of `query`, as `web/js/search/ask.js` reads it.

    An uploaded file cannot stand in an address; it is left out.
    """
    filters = {name: {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
               for name, value in query.filters.model_dump(mode="json", exclude_defaults=True).items()}
    held = {"project": project_id, "q": " ".join(query.text.split()), "like": _examples(query.like),
            "unlike": _examples(query.unlike), **filters}
    return f"{get_settings().search_service_url}/?{urlencode({name: text for name, text in held.items() if text})}"


def _examples(examples: Sequence[Example]) -> str:
    """Return `7,9:0.1:0.2:0.5:0.6`: tasks, with left, top, right and bottom where a region is meant."""
    return ",".join(":".join(map(str, [example.task, *(example.box or ())])) for example in examples if example.task)
