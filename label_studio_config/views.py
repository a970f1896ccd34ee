"""Label Studio views (tabs of the Data Manager) that Argus makes: search results and review bands.

A saved view may use only the operators that Label Studio's own interface knows; any other, which its API accepts,
blanks the whole project's Data Manager, and a view by `selected_items` makes "select all" act on the whole project. So
a set of tasks is written as `id equal` joined by OR, up to 500 a view (SQLite refuses a filter of about 1,000 terms),
and bands as comparisons of `predictions_score`.

Which views are ours stands in the table `view`; no other is touched. One that somebody gave another title or another
filter has become theirs: it is left as it is, and ours is made anew. What else people set (columns, order) stays.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.labelstudio.filters import NO_SCORE, condition, matching, of_version, score_range
from argus.labelstudio.types import Column, Condition, Filter, HiddenColumns, ViewData
from label_studio_config import view_store
from label_studio_config.bands import LEAST, NOTHING_FOUND, Range
from label_studio_config.view_store import ViewRow, views_of

MAX_IDS = 500
SEARCH_PREFIX, BAND_PREFIX = "Search: ", "Review: "
MAX_TITLE = 120
RANK = "argus_rank_"  # how the keys of `task.data` begin that hold an order of ours
TO_FIX = "to_fix"
WITHOUT_PREDICTIONS = "without_predictions"
_TIER = re.compile(r" (\d+)/(\d+)$")
_ORDER = re.compile(r" \((?:ranked|unordered)\)(?=$| \d+/\d+$)")
# Columns a view of ours shows; all others are hidden, because Label Studio computes what is shown, and some are heavy.
_SHOWN = {"id", "total_annotations", "total_predictions", "predictions_score"}

Removal = Literal["removed", "left", "not_ours"]


def search_view(ls: LabelStudio, project_id: int, title: str, task_ids: Sequence[int]) -> int:
    """Make or update the view `Search: <title>` that shows exactly `task_ids`; return its id, the first of several."""
    return search_views(ls, project_id, title, task_ids)[0]


def search_views(ls: LabelStudio, project_id: int, title: str, task_ids: Sequence[int], query: str = "", *,
                 saved_id: int | None = None, order_by: str = "", empty: bool = False,
                 say_order: bool = False) -> list[int]:
    """Make or update the views of a search and return their ids: one, or more than 500 tasks in tiers.

    Tiers keep the given order and are titled `Search: <title> 1/3` and so on; those that are left over from a larger
    search of the same title are removed.

    Args:
        query: what was searched for, kept in the table `view`.
        saved_id: the saved search that the views follow.
        order_by: a key of `task.data` with numbers to order by; empty leaves the order alone.
        empty: allow a view of no task.
        say_order: let the title say whether the view is in the order of its ranks: `Search: cpu (ranked)` or
            `(unordered)`. It is the same view whichever it says.

    Raises:
        ArgusError: `nothing_selected` without tasks, `bad_request` for an unusable title.
    """
    ids = list(dict.fromkeys(int(task_id) for task_id in task_ids))
    if not ids and not empty:
        raise ArgusError("nothing_selected", "A view needs at least one task.", "Did the search find anything?")
    name = SEARCH_PREFIX + _clean_title(title)
    tiers = [ids[start:start + MAX_IDS] for start in range(0, len(ids), MAX_IDS)] or [[]]
    said = name + (f" ({'ranked' if order_by else 'unordered'})" if say_order else "")
    titles = [said] if len(tiers) == 1 else [f"{said} {n}/{len(tiers)}" for n in range(1, len(tiers) + 1)]
    live = live_views(ls, project_id)
    hidden = _hidden_columns(ls, project_id, live)
    known = {_ORDER.sub("", row.title): row for row in views_of(project_id, "search")}
    made = []
    for tier_title, tier in zip(titles, tiers, strict=True):
        data = _view_data(tier_title, ids_filter(tier), hidden, order_by)
        made.append(_put(ls, project_id, "search", data, query, known.get(_ORDER.sub("", tier_title)), live, saved_id))
    left = [row for row in known.values() if row.id not in made and SEARCH_PREFIX + base_title(row.title) == name]
    _remove(ls, left, live)
    if order_by:
        _hide_elsewhere(ls, project_id, f"tasks:data.{order_by}", live, made)
    return made


def _hide_elsewhere(ls: LabelStudio, project_id: int, column: str, live: Mapping[int, ViewData],
                    made: Sequence[int]) -> None:
    """Hide a column in our other views: a rank of another view would stand as a bare number under each picture."""
    for row in views_of(project_id):
        data = live.get(row.id)
        if data is None or row.id in made or row.kind == "tab":
            continue
        if (hidden := _hiding(data, column)) != data.get("hiddenColumns"):
            write_view(ls, project_id, row.id, {**data, "hiddenColumns": hidden})


def _hiding(data: ViewData, column: str) -> HiddenColumns:
    """Return the hidden columns of a view, this one among them."""
    hidden: HiddenColumns = data.get("hiddenColumns") or {}
    explore, labeling = (dict.fromkeys([*(columns or ()), column])
                         for columns in (hidden.get("explore"), hidden.get("labeling")))
    return {"explore": list(explore), "labeling": list(labeling)}


def band_views(ls: LabelStudio, project_id: int, bands: Mapping[str, Range], model_version: str) -> dict[str, int]:
    """Make or update one view per band of unreviewed tasks and one for "nothing found"; return `name → view id`.

    Args:
        bands: as `Edges.ranges` gives them.
        model_version: the version whose empty predictions count as "nothing found". Scores need it to be the project's
            own `model_version`, since Label Studio averages over that one only.
    """
    live = live_views(ls, project_id)
    hidden = _hidden_columns(ls, project_id, live)
    known = {row.query: row for row in views_of(project_id, "band")}
    filters = {name: (_band_title(edges), band_filter(edges)) for name, edges in bands.items()}
    filters[NOTHING_FOUND] = ("nothing found", nothing_found_filter(model_version))
    made = {}
    for name, (title, items) in filters.items():
        data = _view_data(BAND_PREFIX + title, matching(items), hidden)
        made[name] = _put(ls, project_id, "band", data, name, known.get(name), live)
    _remove(ls, [row for name, row in known.items() if name not in {**made, TO_FIX: 0}], live)
    return made


def fix_view(ls: LabelStudio, project_id: int, task_ids: Sequence[int]) -> int | None:
    """Make or update the view of the tasks set aside to be fixed, the first 500; without any it is removed."""
    return _view_of_ids(ls, project_id, TO_FIX, "to fix", task_ids)


def arm_view(ls: LabelStudio, project_id: int, task_ids: Sequence[int]) -> int | None:
    """Make or update the view of the tasks to be labelled without predictions, as `fix_view`."""
    if not task_ids and WITHOUT_PREDICTIONS not in {row.query for row in views_of(project_id, "band")}:
        return None
    return _view_of_ids(ls, project_id, WITHOUT_PREDICTIONS, "without predictions", task_ids)


def _view_of_ids(ls: LabelStudio, project_id: int, name: str, title: str, task_ids: Sequence[int]) -> int | None:
    live = live_views(ls, project_id)
    known = {row.query: row for row in views_of(project_id, "band")}.get(name)
    if not task_ids:
        _remove(ls, [known] if known else [], live)
        return None
    items = [condition("id", "equal", task_id) for task_id in task_ids[:MAX_IDS]]
    data = _view_data(BAND_PREFIX + title, matching(items, "or"), _hidden_columns(ls, project_id, live))
    return _put(ls, project_id, "band", data, name, known, live)


def remove_views(ls: LabelStudio, project_id: int, kind: str | None = None) -> int:
    """Delete our views of a project from Label Studio, all or one kind, and return how many there were.

    Tabs that people opened and we filled, and views of ours that people changed, are theirs and stay.
    """
    rows = [row for row in views_of(project_id, kind) if row.kind != "tab"]
    return len(rows) - len(_remove(ls, rows, live_views(ls, project_id)))


def remove_view(ls: LabelStudio, project_id: int, view_id: int) -> Removal:
    """Delete one view, if it is ours and still as we left it; one that somebody changed is forgotten and stays."""
    rows = [row for row in views_of(project_id) if row.id == view_id and row.kind != "tab"]
    if not rows:
        return "not_ours"
    return "left" if _remove(ls, rows, live_views(ls, project_id)) else "removed"


def live_views(ls: LabelStudio, project_id: int) -> dict[int, ViewData]:
    """Return every view of a project as Label Studio has it now, `id → data`, whoever made it."""
    return {view["id"]: view["data"] for view in ls.views(project_id)}


def ids_filter(task_ids: Sequence[int]) -> Filter:
    """Return the filter that exactly these tasks pass, at most 500; of no task, one that none passes."""
    return matching((condition("id", "equal", task_id) for task_id in task_ids or (0,)), "or")


def filter_digest(filters: Filter | None) -> str:
    """Return what tells two filters of views apart. Label Studio's page writes 1 for 1.0 when it saves a view."""
    items = [(item["filter"], item["operator"],
              float(item["value"]) if isinstance(item["value"], int | float) else item["value"])
             for item in (filters.get("items", ()) if filters else ())]
    text = json.dumps([filters.get("conjunction") if filters else None, items], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def band_filter(edges: Range) -> list[Condition]:
    """Return the AND-ed items for tasks without annotation whose score lies in `[lower, upper)`."""
    return [*score_range(*edges), condition("total_annotations", "equal", 0)]


def nothing_found_filter(model_version: str) -> list[Condition]:
    """Return the AND-ed items for tasks without annotation that `model_version` looked at and found empty."""
    return [NO_SCORE, of_version(model_version), condition("total_annotations", "equal", 0)]


def _view_data(title: str, filters: Filter, hidden: list[str], order_by: str = "") -> ViewData:
    column = f"tasks:data.{order_by}"
    hidden = [*hidden, column] if order_by and column not in hidden else hidden
    return {"title": title, "type": "grid", "target": "tasks", "gridWidth": 4,
            "ordering": [column] if order_by else [], "columnsWidth": {},
            "columnsDisplayType": {column: "Number"} if order_by else {}, "filters": filters,
            "hiddenColumns": {"explore": hidden, "labeling": hidden}}


def _clean_title(title: str) -> str:
    text = _ORDER.sub("", " ".join(title.split()).removeprefix(SEARCH_PREFIX.strip()).strip())
    if not text or "\0" in text:
        raise ArgusError("bad_request", "A view needs a title.")
    return _TIER.sub(r" \1 of \2", text[:MAX_TITLE])  # a title of one's own must not look like a tier's


def base_title(title: str) -> str:
    """Return what a search view was called when it was made: without our prefix, its order and its tier's number."""
    return _TIER.sub("", _ORDER.sub("", title.removeprefix(SEARCH_PREFIX)))


def _band_title(edges: Range) -> str:
    if edges == (None, LEAST):
        return "check first"
    lower, upper = (None if edge in (None, LEAST) else f"{edge * 100:g}" for edge in edges)
    if lower is None:
        return f"below {upper} %" if upper else "all scores"
    return f"{lower} to {upper} %" if upper else f"{lower} % and above"


def _hidden_columns(ls: LabelStudio, project_id: int, live: Mapping[int, ViewData]) -> list[str]:
    """Return the columns that our views hide: of the tasks' data, what the labelling config does not show. A card gives
    its values without their names, so that only the video's is told."""
    columns: list[Column] = ls.get("/api/dm/columns/", project=project_id)["columns"]
    data = [column for column in columns if column.get("parent") == "data"]
    return [f"tasks:{column['id']}" for column in columns
            if column not in data and column["id"] not in _SHOWN and column["id"] != "data"] + [
        f"tasks:data.{column['id']}" for column in data if column["type"] == "Unknown" and column["id"] != "video"] + [
        # Of ranks that are still to be written Label Studio knows no column yet.
        column.removeprefix("-") for view in live.values() for column in view.get("ordering") or () if RANK in column]


def _is_as_we_left_it(row: ViewRow, live: Mapping[int, ViewData]) -> bool:
    """Whether the view still has the title and the filter that we gave it."""
    data = live.get(row.id)
    return bool(data and data.get("title") == row.title
                and row.written in ("", filter_digest(data.get("filters"))))


def _put(ls: LabelStudio, project_id: int, kind: str, data: ViewData, query: str,
         known: ViewRow | None, live: Mapping[int, ViewData], saved_id: int | None = None) -> int:
    """Write a view of ours and its row; return its id."""
    if known and _is_as_we_left_it(known, live):
        view_id = known.id
        before = live[view_id]
        changes: ViewData = {"title": data["title"], "filters": data["filters"]}
        if data["ordering"]:
            changes |= {"ordering": data["ordering"], "columnsDisplayType": data["columnsDisplayType"],
                        "hiddenColumns": _hiding(before, data["ordering"][0])}
        elif any(RANK in column for column in before.get("ordering") or ()):
            changes["ordering"] = ["tasks:id"]  # Label Studio keeps the order it had when it is given none
        write_view(ls, project_id, view_id, {**before, **changes})
    else:
        view_id = int(ls.post("/api/dm/views/", {"project": project_id, "data": copy.deepcopy(data)})["id"])
    view_store.save_view(ViewRow(view_id, project_id, kind, data["title"], query, filter_digest(data["filters"]), "",
                                 saved_id), replaced=known.id if known else 0)
    return view_id


def write_view(ls: LabelStudio, project_id: int, view_id: int, data: ViewData) -> None:
    """Write the whole of a view. A selection left in it goes: it would decide what "select all" means."""
    body = {key: value for key, value in data.items() if key != "selectedItems"}
    ls.request("PATCH", f"/api/dm/views/{view_id}/", params={"project": project_id},
               json={"project": project_id, "data": body})


def _remove(ls: LabelStudio, rows: Sequence[ViewRow], live: Mapping[int, ViewData]) -> list[int]:
    """Delete views that are as we left them, and forget the others; return those that somebody changed: they stay."""
    left = []
    for row in rows:
        if _is_as_we_left_it(row, live):
            ls.delete(f"/api/dm/views/{row.id}/")
        elif row.id in live:
            left.append(row.id)
        view_store.forget_view(row.id)
    return left
