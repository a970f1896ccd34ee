"""5. A video is its `video_id`, not its file name."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.database import postgres, use

ITEMS = (5,)
NAME = "0001.mp4"
_projects = itertools.count(5001)


def cases(work: Path) -> Iterator[Case]:
    from tests import videos

    files = [videos.write(work / f"cam{n}.mp4", first=30 * n) for n in range(2)]
    ids = [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files]
    reference, count = "sha256 of the files", len(set(ids))
    frames = [{"video": NAME, "video_id": id_, "video_time": n / 2, "frame_number": n} for id_ in ids for n in range(3)]
    with postgres() as server:
        given = {"server": server, "frames": frames, "project": next(_projects)}
        two = "two files of one name are two videos"
        yield Case(5, two, "the list of videos", reference, [3] * count, "listed", given)
        yield Case(5, two, "groups of a split", reference, count, "split", frames)
        yield Case(5, two, "near-duplicates", reference, [None, 0, 0] * count, "duplicates",
                   given | {"project": next(_projects)})
        yield Case(5, "the filter means one video", "by its id", reference, 3, "passing",
                   given | {"project": next(_projects), "video": ids[0]})
        yield Case(5, "the filter means one video", "by a name that two have", reference, "refused: bad_request",
                   "passing", given | {"project": next(_projects), "video": NAME})
        old = [{key: value for key, value in frame.items() if key != "video_id"} for frame in frames[:3]]
        yield Case(5, "without an id the name counts", "the list of videos", reference, [3], "listed",
                   given | {"frames": old, "project": next(_projects)})


def _synced(argument: dict[str, Any]) -> Any:
    """Bring the frames in as a listing of Label Studio does, embedded; return the number of the project."""
    use(argument["server"])
    sync = product("search_service.sync.tasks", "search_service.sync", "_upsert")
    report = product("search_service.sync.tasks", "search_service.sync", "SyncReport")
    project = argument["project"]
    with product("argus.db", "connect")() as connection:
        connection.execute("INSERT INTO project (id) VALUES (%s)", (project,))
    sync(project, "image", [{"id": 1000 * project + n, "updated_at": "2026-01-01T00:00:00Z",
                             "data": {"image": f"/{n}.jpg", **frame}} for n, frame in enumerate(argument["frames"])],
         report(project))
    with product("argus.db", "connect")() as connection:
        connection.execute("UPDATE task SET state = 'embedded' WHERE project_id = %s", (project,))
    return project


def listed(argument: dict[str, Any]) -> Any:
    """Return how many frames each video has."""
    list_videos = product("search_service.sync.videos", "search_service.videos", "search_service.task_facts",
                          "list_videos")
    found = list_videos(_synced(argument))
    return [video["frames"] if isinstance(video, dict) else video.frames for video in found]  # rows at the baseline


def split(argument: Sequence[dict[str, Any]]) -> Any:
    """Return how many groups the splits of an export see."""
    class ListingOnly:
        """Stands in for Label Studio: one page of tasks, then none."""

        def __init__(self) -> None:
            self.pages = [[{"id": n + 1, "data": dict(frame)} for n, frame in enumerate(argument)], []]

        def get(self, path: str, **options: Any) -> Any:
            return {"tasks": self.pages.pop(0), "total": len(argument)}

    shape_of = product("label_studio_config.project_shape", "argus.export.source", "ProjectShape")
    number = (1,) if "project_id" in shape_of.__dataclass_fields__ else ()  # the baseline's has none
    shape = shape_of(*number, "", ("cpu",), "image", "")
    origins = product("search_service.export.source", "argus.export.source", "read_origins")
    found = origins(ListingOnly(), 1, shape, "annotations")
    # The baseline gives a text of its own to an image of no video.
    return len({getattr(one, "video", one) or task for task, one in found.items()})


def duplicates(argument: dict[str, Any]) -> Any:
    """Return of which frame each is a duplicate, counted from the first frame of its file, when all look the same."""
    import numpy as np

    project = _synced(argument)
    register, store = (product("search_service.vectors.store", "search_service.vectors", name)
                       for name in ("register_model", "store"))
    model = register("odd", "1", 4)
    ids = [1000 * project + n for n in range(len(argument["frames"]))]
    with product("argus.db", "connect")() as connection:
        connection.execute("UPDATE embedding_model SET role = 'current' WHERE id = %s", (model.id,))
        store(connection, model, [(project, id_, np.array([1, 0, 0, 0], np.float32)) for id_ in ids])
        connection.execute("UPDATE task SET dhash = %s WHERE project_id = %s", (bytes(32), project))
    product("search_service.embedding.near_duplicates", "search_service.near_duplicates", "mark")(project)
    with product("argus.db", "connect")() as connection:
        rows = connection.execute("SELECT duplicate_of FROM task WHERE project_id = %s ORDER BY id",
                                  (project,)).fetchall()
    half = len(rows) // 2
    return [None if row["duplicate_of"] is None else row["duplicate_of"] - ids[place // half * half]
            for place, row in enumerate(rows)]


def passing(argument: dict[str, Any]) -> Any:
    """Return how many frames pass the filter `video`."""
    filters = product("search_service.search.filters", "search_service.filters", "Filters")
    select = product("search_service.search.filter_store", "search_service.filters", "select")
    found = select(_synced(argument), filters(video=argument["video"]))
    return found.count if hasattr(found, "count") else len(found)  # the baseline's has a count
