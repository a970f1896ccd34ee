"""The figures that need the servers. Each function measures one thing and returns lines of the table."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import requests
from numpy.typing import NDArray

from argus_cli.stack import Stack
from argus_cli.stack.ports import free_port
from benchmarks.annotate.report import Figure
from benchmarks.annotate.stand_in import SECONDS, StandInEngine
from benchmarks.annotate.world import LABELS, make_project, work_until_done


def encodes(stack: Stack) -> list[Figure]:
    """How often images are encoded: 50 tasks, 3 labels, the demo's checkpoint."""
    from ml_backend.runs import runs
    from ml_backend.sam3_worker import engine as sam3

    project, ids = make_project(50, 640)
    before = sam3.get_engine().images_encoded  # type: ignore[attr-defined]
    work_until_done(runs.create_run(project, LABELS, ids))
    count = sam3.get_engine().images_encoded - before  # type: ignore[attr-defined]
    return [Figure("image encodes for 50 tasks × 3 labels", str(count), "50", count == 50)]


def overhead(stack: Stack) -> list[Figure]:
    """What is not the model: a run with a stand-in of fixed cost."""
    from ml_backend.runs import runs
    from ml_backend.sam3_worker import engine as sam3

    count, engine, real = 100, StandInEngine(), sam3.get_engine
    sam3.get_engine = lambda: engine  # type: ignore[assignment,return-value]
    try:
        project, ids = make_project(count, 1280)
        began, busy = time.perf_counter(), _own_cpu(stack)
        work_until_done(runs.create_run(project, LABELS, ids))
        wall, busy = time.perf_counter() - began, _own_cpu(stack) - busy
    finally:
        sam3.get_engine = real
    other = wall - SECONDS * engine.images_encoded
    name = f"not the model, {count} tasks of 1280 × 720 with 3 objects, stand-in engine of {SECONDS} s an image"
    return [Figure(f"{name}: a task", f"{1000 * other / count:.0f} ms", "≤ 40 ms", other / count <= 0.04),
            Figure("the same, share of wall time", f"{100 * other / wall:.0f} %", "≤ 20 %", other / wall <= 0.2),
            Figure("the same, processor time of Argus's workers alone: a task", f"{1000 * busy / count:.0f} ms")]


def _own_cpu(stack: Stack) -> float:
    """Return the processor seconds of this process, which is the SAM 3 worker here, and of the default worker."""
    top = psutil.Process(stack.pid("worker"))
    return time.process_time() + sum(sum(p.cpu_times()[:2]) for p in [top, *top.children(recursive=True)])


def end_to_end(stack: Stack) -> list[Figure]:
    """A run of the demo's checkpoint against the loop, pictures from Label Studio and predictions to it."""
    from argus.labelstudio import get_label_studio
    from argus.settings import get_settings
    from benchmarks.annotate.loop import Loop, timed
    from ml_backend.runs import runs
    from ml_backend.sam3_worker import engine as sam3

    ls, count = get_label_studio(), 50
    engine: Any = sam3.get_engine()
    project, ids = make_project(count, 1280)
    began = time.perf_counter()
    work_until_done(runs.create_run(project, LABELS, ids))
    ours = time.perf_counter() - began

    other, _ = make_project(count, 1280)
    tasks = list(ls.tasks(other, fields="task_only"))
    base = get_settings().label_studio_url

    def fetch(task: Any) -> bytes:
        return requests.get(base + task["data"]["image"], timeout=30,
                            headers={"Authorization": ls.authorization()}).content

    def store(index: int, regions: list[dict[str, Any]]) -> None:
        start = time.perf_counter()
        ls.post("/api/predictions/", {"task": tasks[index]["id"], "result": regions, "score": 0.5,
                                      "model_version": "loop"})
        stored.append(time.perf_counter() - start)

    stored: list[float] = []
    loop = timed(Loop(engine.model, engine.tokenizer), [functools.partial(fetch, t) for t in tasks], LABELS, store)
    storing = sum(stored)
    name = f"demo checkpoint end to end, {count} tasks of 1280 × 720, 3 labels"
    return [Figure(f"{name}: loop / Argus", f"{loop / ours:.1f} × ({loop:.1f} s / {ours:.1f} s)", "≥ 3 ×",
                   loop / ours >= 3),
            Figure("the same, the loop's storing left out", f"{(loop - storing) / ours:.1f} × "
                   f"({loop - storing:.1f} s / {ours:.1f} s)")]


def push(stack: Stack) -> list[Figure]:
    """Delivery of predictions that are computed already."""
    from argus.labelstudio import get_label_studio
    from label_studio_config import projects
    from label_studio_config.recipe import recipe_for
    from ml_backend.detection import store as detection_store
    from ml_backend.predictions import delivery

    count = 400
    project, ids = make_project(count, 640)
    recipe = recipe_for(projects.load(project))
    found = StandInEngine(0).detect([_blank()], recipe.concepts)[0]
    for task in ids:
        detection_store.store(task, recipe, (640, 360), found)
    theirs = _TimedImports(get_label_studio())
    began = time.perf_counter()
    outcomes = delivery.push(project, ids)
    each, server = (time.perf_counter() - began) / count, theirs.stop() / count
    assert list(outcomes.values()) == ["stored"] * count
    return [Figure(f"push of {count} predictions in bulk, 3 boxes and 3 masks each: a prediction",
                   f"{1000 * each:.1f} ms, {1000 * server:.1f} ms of it Label Studio's import", "≤ 6 ms",
                   each <= 0.006)]


class _TimedImports:
    """Adds up the time that bulk imports wait for Label Studio's answer, until `stop`."""

    def __init__(self, client: Any) -> None:
        self._client, self._real, self._seconds = client, client.post, 0.0
        client.post = self._post

    def _post(self, *args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._real(*args, **options)
        finally:
            self._seconds += time.perf_counter() - began

    def stop(self) -> float:
        del self._client.post
        return self._seconds


def _blank() -> Any:
    from PIL import Image

    return Image.new("RGB", (640, 360))


def rle() -> list[Figure]:
    """Label Studio's run-length code of a mask at 1080p: ours against the SDK's."""
    from argus.labelstudio.brush_rle import encode
    from benchmarks.annotate.loop import sdk_rle

    rng = np.random.default_rng(0)
    masks = [_ellipse(rng) for _ in range(20)]
    ours, theirs = [], []
    for bits, x, y in masks:
        full = np.zeros((1080, 1920), np.uint8)
        full[y:y + bits.shape[0], x:x + bits.shape[1]] = bits * np.uint8(255)
        ours.append(_best(functools.partial(encode, bits, x, y, 1920, 1080)))
        theirs.append(_best(functools.partial(sdk_rle, full)))
    ratio = sum(theirs) / sum(ours)
    return [Figure("mask to RLE at 1080p: SDK's mask2rle / ours",
                   f"{ratio:.0f} × ({1000 * np.mean(theirs):.1f} ms / {1000 * np.mean(ours):.2f} ms)", "≥ 8 ×",
                   bool(ratio >= 8))]


def _ellipse(rng: np.random.Generator) -> tuple[NDArray[np.bool_], int, int]:
    width, height = (int(v) for v in rng.integers(80, 500, 2))
    row, column = np.ogrid[:height, :width]
    bits = ((row - height / 2) / height) ** 2 + ((column - width / 2) / width) ** 2 < 0.25
    return bits, int(rng.integers(0, 1920 - width)), int(rng.integers(0, 1080 - height))


def _best(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def health(stack: Stack) -> list[Figure]:
    """How fast the web process answers while the SAM 3 worker loads its model, and while it works on 500 tasks."""
    from argus import queue_names
    from argus.jobs import queues
    from argus.labelstudio import get_label_studio
    from ml_backend.runs import runs

    project, ids = make_project(500, 320)
    body = {"project": f"{project}.1", "schema": get_label_studio().project(project)["label_config"]}
    probe = Probe(stack.settings.ml_backend_url, body)
    with probe:
        began = time.monotonic()
        stack.start("sam3-worker")
        while not queues.workers_of(queue_names.SAM3) and time.monotonic() - began < 120:
            time.sleep(0.1)
    loading = probe.lines("while a model loads")
    with probe:
        run_id = runs.create_run(project, LABELS, ids)
        while runs.run_progress(run_id).state in ("queued", "running"):
            time.sleep(0.5)
    stack.stop("sam3-worker")
    return loading + probe.lines("while a run of 500 tasks is worked on")


_EMPTY_SERVER = """
import http.server, sys
class Empty(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Empty).serve_forever()
"""


class Probe:
    """Asks `/health` and `/setup` in turn, a new connection each, as Label Studio does.

    A process that answers anything with nothing is asked as well: what it takes is the machine's, not ours.
    """

    def __init__(self, url: str, body: dict[str, Any]) -> None:
        self.url, self.body = url, body
        self.empty = f"http://127.0.0.1:{free_port()}"
        self.seconds: dict[str, list[float]] = {}

    def __enter__(self) -> None:
        self.seconds = {"GET /health": [], "POST /setup": [], "GET /empty": []}
        self._server = subprocess.Popen([sys.executable, "-c", _EMPTY_SERVER, self.empty.rsplit(":", 1)[1]])
        while True:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(self.empty, timeout=10)
                break
            time.sleep(0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._server.kill()
        self._server.wait()

    def _ask(self) -> None:
        while not self._stop.wait(0.02):
            for name, seconds in self.seconds.items():
                method, path = name.split()
                began = time.perf_counter()
                address = (self.empty if path == "/empty" else self.url) + path
                requests.request(method, address, json=self.body, timeout=10).raise_for_status()
                seconds.append(time.perf_counter() - began)

    def lines(self, when: str) -> list[Figure]:
        shown = {name: [float(np.percentile(seconds, p)) for p in (50, 99)] for name, seconds in self.seconds.items()}
        middle, high = shown.pop("GET /empty")
        empty = f"a server that does nothing: {1000 * high:.0f} ms, median {1000 * middle:.0f} ms"
        return [Figure(f"{name.split()[1]} {when}: p99",
                       f"{1000 * high:.0f} ms, median {1000 * middle:.0f} ms ({empty}; {len(self.seconds[name])} "
                       "requests)", "< 50 ms", high < 0.05) for name, (middle, high) in shown.items()]
