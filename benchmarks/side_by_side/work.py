"""The work that both builds do: projects filled alike, and what is measured on them."""

from __future__ import annotations

import io
import time
from itertools import islice

from benchmarks.side_by_side.build import Build, wait_for
from demo.draw import Split
from demo.scenes import make_scene, render_scene

LABELS = ["cpu", "fan"]
WORDS = ("cpu", "fan", "red cpu", "small fan", "board", "two fans", "screw", "blue cpu", "large fan", "nothing")
UNDER_WAY = ("queued", "running")  # states of a run
_PATIENCE = 3600


def pictures(count: int) -> list[tuple[str, bytes]]:
    """Return `count` JPEG files of the demo's held-out scenes, 640 pixels wide, as (name, data)."""
    made = []
    for number in range(count):
        buffer = io.BytesIO()
        render_scene(make_scene(Split.HELD_OUT, number), 640)[0].save(buffer, "JPEG", quality=90)
        made.append((f"{number:04}.jpg", buffer.getvalue()))
    return made


def project(build: Build, title: str, files: list[tuple[str, bytes]], annotated: int = 0) -> int:
    """Make a connected project of these images, wait until they are searchable, and return its number.

    Args:
        annotated: make this many tasks more, of the same images, with an annotation of two boxes each.
    """
    number = int(build.call("POST", "/label-studio/connect", build.new_project(title, LABELS))["project_id"])
    rest = iter(files)
    while part := list(islice(rest, 50)):
        build.label_studio("POST", f"/api/projects/{number}/import",
                           files=[(name, (name, data, "image/jpeg")) for name, data in part])
    if annotated:
        listed = build.label_studio("GET", "/api/tasks/", params={"project": number, "page_size": 500})["tasks"]
        images = [task["data"]["image"] for task in listed]
        tasks = [{"data": {"image": images[n % len(images)]}, "annotations": [{"result": _boxes(n)}]}
                 for n in range(annotated)]
        for start in range(0, annotated, 500):
            build.label_studio("POST", f"/api/projects/{number}/import", json=tasks[start:start + 500])
    total = len(files) + annotated
    wait_for(lambda: build.call("GET", f"/projects/{number}")["sync"]["embedded"] >= total, _PATIENCE,
             f"{build.name} did not embed {total} images", every=1)
    return number


def _boxes(seed: int) -> list[dict[str, object]]:
    return [{"type": "rectanglelabels", "from_name": "box", "to_name": "image", "original_width": 640,
             "original_height": 480, "id": f"r{seed}x{n}",
             "value": {"x": (seed * 7 + n * 31) % 70, "y": (seed * 13 + n * 17) % 70, "width": 20, "height": 15,
                       "rotation": 0, "rectanglelabels": [LABELS[n]]}} for n in range(2)]


def run(build: Build, number: int, turn: int) -> float:
    """Detect two labels on every task, with prompts that the model has not seen; seconds."""
    build.call("PUT", f"/projects/{number}/recipe",
               {"concepts": [{"label": label, "prompts": [label, f"{label} {turn}"]} for label in LABELS]})
    began = time.perf_counter()
    made = build.call("POST", f"/projects/{number}/runs", {"all": True, "labels": LABELS})
    wait_for(lambda: build.call("GET", f"/runs/{made['id']}")["state"] not in UNDER_WAY, _PATIENCE,
             "the run did not end")
    seconds = time.perf_counter() - began
    ended = build.call("GET", f"/runs/{made['id']}")
    if ended["state"] != "done" or ended["failed"]:
        raise RuntimeError(f"{build.name}: the run ended as {ended}")
    return seconds


def search(build: Build, number: int, turn: int) -> float:
    """Search for ten texts that were not searched for before; seconds a search."""
    began = time.perf_counter()
    for word in WORDS:
        build.call("GET", f"/projects/{number}/search", q=f"{word} {turn}", limit=50)
    return (time.perf_counter() - began) / len(WORDS)


def review(build: Build, number: int, turn: int) -> float:
    """Ask for the bands' counts, three times; seconds each."""
    began = time.perf_counter()
    for _ in range(3):
        build.call("GET", f"/projects/{number}/review")
    return (time.perf_counter() - began) / 3


def export(build: Build, number: int, turn: int) -> float:
    """Export every annotated task as COCO with its images; seconds."""
    began = time.perf_counter()
    made = build.call("POST", f"/projects/{number}/exports", {"format": "coco"})
    path = f"/exports/{made['id']}"
    wait_for(lambda: build.call("GET", path)["state"] in ("done", "failed"), _PATIENCE, "the export did not end")
    seconds = time.perf_counter() - began
    ended = build.call("GET", path)
    if ended["state"] != "done":
        raise RuntimeError(f"{build.name}: the export ended as {ended}")
    build.call("DELETE", path)
    return seconds
