"""The embedding pipeline (fetch, decode, resize, encode, store) beside the bare encoder on prepared pixels."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argus.db import connect
from argus.images.fetcher import open_image
from benchmarks.search.storage import served
from benchmarks.search.world import full_size_siglip, photos, stack

ROUNDS = 3  # of each way, in turns: the machine is not the same from minute to minute


def run(images: int, record: Callable[[dict[str, Any]], None]) -> None:
    """Measure images a second of both ways, at the batch size that the worker chose by itself."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = full_size_siglip(folder / "siglip2-base-random")
        files = photos(images)
        for number, data in enumerate(files):
            (folder / f"{number}.jpg").write_bytes(data)
        with served(folder) as origin, stack({"postgres", "valkey"}, siglip_model=str(model), image_origins=origin):
            _measure(files, origin, record)


def _measure(files: list[bytes], origin: str, record: Callable[[dict[str, Any]], None]) -> None:
    import torch

    from search_service.embedding import loaded
    from search_service.embedding import worker as embedding_worker

    worker = loaded.prepared()
    encoder = worker.encoder
    with connect() as connection:
        connection.execute("INSERT INTO project (id) VALUES (1)")
    _add(origin, len(files), 0)
    embedding_worker.embed(1, list(range(1, len(files) + 1)))  # the worker finds its batch size
    size = worker.batch
    decoded = [open_image(data, 4 * encoder.image_side) for data in files[:size]]
    pixels = encoder._processor.image_processor(images=decoded, return_tensors="pt")["pixel_values"].to(
        encoder.device, encoder.dtype)

    def bare() -> float:
        started = time.perf_counter()
        for _ in range(0, len(files), size):
            with torch.inference_mode():
                encoder._model.get_image_features(pixel_values=pixels).pooler_output.cpu()
        return -(-len(files) // size) * size / (time.perf_counter() - started)

    def pipeline(turn: int) -> float:
        first = _add(origin, len(files), turn)
        started = time.perf_counter()
        done = embedding_worker.embed(1, list(range(first, first + len(files))))
        assert done["embedded"] == len(files), done
        return len(files) / (time.perf_counter() - started)

    bare()
    for turn in range(1, ROUNDS + 1):
        record({"part": "embedding", "turn": turn, "bare": round(bare(), 3), "pipeline": round(pipeline(turn), 3),
                "batch": size, "device": str(encoder.device)})


def _add(origin: str, count: int, turn: int) -> int:
    """Make tasks of the files, anew each turn: nothing cached and no known content helps."""
    first = turn * 1000 + 1
    with connect() as connection:
        connection.execute("DELETE FROM task")
        connection.execute("INSERT INTO task (id, project_id, image) "
                           "SELECT n, 1, %s || (n - %s) || '.jpg?' || %s::text "
                           "FROM generate_series(%s::bigint, %s::bigint) n",
                           (f"{origin}/", first, turn, first, first + count - 1))
    return first
