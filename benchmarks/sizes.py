"""How many bytes an image costs: `python -m benchmarks.sizes` prints the two tables of docs/sizing.md.

Real servers in a home that is deleted afterwards; a few minutes. Vectors are made up: their bytes do not depend on what
they mean. Detections and predictions are the demo checkpoint's, of frames of the demo's factory line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from argus.settings import Settings
from benchmarks.annotate.world import LABELS, make_project, picture, work_until_done, world
from benchmarks.search.world import photos

VECTORS, TASKS, WIDTH = 20_000, 200, 1280
DIMS = {"base": 768, "so400m": 1152, "giant": 1536}
PROJECT = 70_000_000
Row = tuple[str, str, float]  # a key, what it is, and its bytes


def main() -> None:
    rows: list[Row] = []
    with world() as stack:
        rows += _tasks()
        for name, dim in DIMS.items():
            rows += _vectors(name, dim)
        rows += _predictions(stack.settings.run_dir)
    rows += _pictures()
    print("| measured | bytes each |\n|---|---|")
    for key, name, size in rows:
        print(f"| {name} | {size:,.{0 if key else 1}f} |")
    _plan({key: size for key, _, size in rows})


def _plan(each: dict[str, float]) -> None:
    """Print what the measured bytes come to, for the 1,152 dimensions of production, every image annotated once."""
    index = each["index 1152"]
    columns: dict[str, Callable[[int], float]] = {
        "vectors": lambda n: n * each["vector 1152"],
        "their indexes (HNSW)": lambda n: n * index if n > Settings.model_fields["exact_search_rows"].default else 0,
        "tasks, detections, predictions, runs": lambda n: n * sum(
            each[key] for key in ("task", "detection", "prediction", "run_task")),
        "Label Studio's database": lambda n: n * (each["their task"] + each["their prediction"]),
        "images of 1920 pixels": lambda n: n * each["1920"]}
    print(f"\n| images | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for count in (10_000, 100_000, 1_000_000, 100_000_000):
        print(f"| {count:,} | {' | '.join(_short(size(count)) for size in columns.values())} |")


def _short(size: float) -> str:
    for unit in ("MB", "GB", "TB"):
        size /= 1000 if unit != "MB" else 1e6
        if size < 1000:
            break
    return f"{size:,.0f} {unit}" if size >= 10 else f"{size:.1f} {unit}" if size else "none"


def _tasks() -> Iterator[Row]:
    """Rows as the sync writes them, for frames of a video."""
    from argus.db import connect

    with connect() as connection:
        before = _size(connection, "task")
        connection.execute("INSERT INTO project (id) VALUES (%s)", (PROJECT,))
        connection.execute(
            "INSERT INTO task (id, project_id, image, video, video_time, frame_number, updated_at, content_hash, "
            "dhash, state) SELECT %(first)s + n, %(first)s, '/data/upload/1/0123abcd-line-a-' || n || '.jpg', "
            "'line-a.mp4', n, n, now(), sha256(n::text::bytea), sha256(n::text::bytea), 'embedded' "
            "FROM generate_series(1, %(n)s) n", {"first": PROJECT, "n": VECTORS})
        yield "task", "task: row and its indexes", (_size(connection, "task") - before) / VECTORS


def _vectors(name: str, dim: int) -> Iterator[Row]:
    from argus.db import connect
    from search_service.vectors import indexes, store

    model = store.register_model(f"sizes-{name}", "1", dim)
    random = np.random.default_rng(0)
    centres = random.normal(size=(200, dim))
    with connect() as connection:
        for start in range(0, VECTORS, 2000):
            some = centres[random.integers(0, 200, 2000)] + random.normal(size=(2000, dim)) * 0.5
            some /= np.linalg.norm(some, axis=1, keepdims=True)
            store.store(connection, model, [(PROJECT, PROJECT + 1 + start + n, vector)
                                              for n, vector in enumerate(some.astype(np.float32))])
    with connect() as connection:
        size = _size(connection, f"embedding_{dim}_m{model.id}")
    yield f"vector {dim}", f"vector of {dim} dimensions ({name}): row and its keys", size / VECTORS
    began = time.monotonic()
    indexes.build(model, PROJECT, "hnsw")
    seconds = time.monotonic() - began
    with connect() as connection:
        size = _size(connection, store.index_name(model, PROJECT, "hnsw"))
    yield (f"index {dim}", f"HNSW index, {dim} dimensions, per vector (built at {VECTORS / seconds:,.0f} a second)",
           size / VECTORS)


def _predictions(run_dir: Any) -> Iterator[Row]:
    """A run of the demo's checkpoint; Label Studio's own table beside ours."""
    from argus.db import connect
    from argus_cli.stack.postgres import connect as superuser
    from ml_backend.runs import runs

    def theirs(table: str) -> int:
        with superuser(run_dir, "labelstudio") as database:
            return int((database.execute("SELECT pg_total_relation_size(%s)", (table,)).fetchone() or (0,))[0])

    tasks_before, before = theirs("task"), theirs("prediction")
    project, ids = make_project(TASKS, WIDTH)
    tables = ("detection", "prediction", "run_task")
    with connect() as connection:
        ours = {table: _size(connection, table) for table in tables}
    run_id = runs.create_run(project, list(LABELS), ids)
    work_until_done(run_id)
    with connect() as connection:
        objects = connection.execute("SELECT sum(jsonb_array_length(items)) AS n FROM detection "
                                     "WHERE task_id = ANY(%s)", (ids,)).fetchone()
        regions = connection.execute("SELECT sum(regions) AS n FROM prediction WHERE project_id = %s",
                                     (project,)).fetchone()
        grown = {table: (_size(connection, table) - ours[table]) / TASKS for table in tables}
    assert objects and regions
    yield "", "(objects an image, as stored)", objects["n"] / TASKS
    yield "", "(regions an image, as delivered)", (regions["n"] or 0) / TASKS
    yield "detection", f"detections of an image, {len(LABELS)} labels, masks included", grown["detection"]
    yield "prediction", "prediction of an image: our record", grown["prediction"]
    yield "run_task", "task of a run", grown["run_task"]
    yield "their task", "Label Studio: task", (theirs("task") - tasks_before) / TASKS
    yield "their prediction", "Label Studio: prediction with boxes and masks", (theirs("prediction") - before) / TASKS


def _pictures() -> Iterator[Row]:
    import io

    from PIL import Image

    frames = [picture(index, WIDTH) for index in range(20)]
    yield "1280", f"image of {WIDTH} pixels in the cache (JPEG 90)", _mean([len(frame) for frame in frames])
    large = photos(10)
    yield "1920", "image of 1920 pixels in the cache (JPEG 90)", _mean([len(frame) for frame in large])
    sizes = []
    for frame in large:
        image = Image.open(io.BytesIO(frame))
        image.thumbnail((320, 320), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=82)
        sizes.append(len(buffer.getvalue()))
    yield "thumbnail", "thumbnail of 320 pixels", _mean(sizes)


def _mean(sizes: Sequence[int]) -> float:
    return sum(sizes) / len(sizes)


def _size(connection: Any, table: str) -> int:
    return int(connection.execute("SELECT pg_total_relation_size(%s) AS n", (table,)).fetchone()["n"])


if __name__ == "__main__":
    main()
