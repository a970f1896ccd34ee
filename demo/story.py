"""The main job, step by step, through the same doors a user takes: the services and the REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argus import dialling
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from argus.labelstudio.types import Task
from argus.settings import get_settings

LABELS = ("cpu", "hdd", "ram stick", "fan", "capacitor", "battery")
LABEL, LIMIT, MIN_SCORE = "cpu", 50, 0.9
TITLE = "Factory line"
Say = Callable[[str], None]


@dataclass
class Story:
    """What one pass of the main job touched; `measure` counts from here on the servers and files.

    Args:
        folder: where the video, the truth and the exports go.
        say: takes one line of progress.
        video_seconds, video_fps: length and frame rate of the video; the demo's are 150 s and 25.
    """

    folder: Path
    say: Say
    video_seconds: float = 150.0
    video_fps: int = 25
    ls: LabelStudio = field(default_factory=get_label_studio)
    project: int = 0
    model_version: str = ""
    run: int = 0
    requested: list[int] = field(default_factory=list)
    accepted_again: int = -1
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def video(self) -> Path:
        return self.folder / "line-a.mp4"

    @property
    def truth(self) -> Path:
        return self.folder / "truth" / "line-a.json"

    @contextmanager
    def step(self, name: str) -> Any:
        """Time a step and say its line."""
        started = time.monotonic()
        self.say(f"{name} …")
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)
        self.say(f"{name}: done in {self.seconds[name]:.1f} s")

    def tell(self) -> None:
        """Do the whole job. A second time it finds its own work and adds nothing."""
        with self.step("Render the video"):
            self.render()
        with self.step("Connect the project"):
            self.connect()
        with self.step("Import the frames"):
            self.import_frames()
        with self.step("Load the models"):
            self.load()
        with self.step("Embed the frames"):
            self.embed()
        with self.step(f"Search “{LABEL}”"):
            self.search()
        with self.step(f"Auto-annotate “{LABEL}”"):
            self.annotate()
        with self.step("Review by score"):
            self.review()
        with self.step("Export"):
            self.export()

    def render(self) -> None:
        from demo.video import render

        if self.video.exists() and self.truth.exists():
            return
        self.truth.parent.mkdir(parents=True, exist_ok=True)
        render(self.video, self.truth, self.video_seconds, progress=self._percent("rendered"), fps=self.video_fps)

    def connect(self) -> None:
        from label_studio_config.connect import connect

        note = self.folder / "project.json"
        known = json.loads(note.read_text())["project"] if note.exists() else None
        report = connect(self.ls, known, title=TITLE, labels=LABELS, masks=True)
        assert report.project_id is not None  # only a dry run has none
        self.project, self.model_version = report.project_id, report.model_version
        note.write_text(json.dumps({"project": self.project}))

    def import_frames(self) -> None:
        from search_service.frames.video_import import import_video

        report = import_video(self.video, self.project, fps=1.0)
        self.say(f"  {report.imported} frames imported, {report.skipped} were there")

    def load(self) -> None:
        """Wait until every role has a worker: one begins to work when its model is loaded."""
        deadline = time.monotonic() + 600
        while missing := [role for role, alive in self.api("GET", "/status")["roles"].items() if not alive]:
            if time.monotonic() > deadline:
                raise ArgusError("worker_missing", f"There is no {' and no '.join(missing)} worker after 10 minutes.",
                                 "See the workers' logs.")
            time.sleep(0.5)

    def embed(self) -> None:
        """Wait until every task is embedded; nobody asked for it, it happens by itself."""
        total = self.ls.project(self.project)["task_number"]
        deadline, shown = time.monotonic() + 600, -1
        while True:
            progress = self.api("GET", f"/projects/{self.project}")["sync"]
            if progress["embedded"] != shown:
                shown = progress["embedded"]
                self.say(f"  {shown} of {total} embedded")
            if progress["failed"]:
                raise ArgusError("internal", f"{progress['failed']} frames could not be embedded.",
                                 str(progress["errors"]))
            if shown >= total:
                return
            if time.monotonic() > deadline:
                raise ArgusError("timeout", "The frames were not embedded within 10 minutes.", "See the workers' logs.")
            time.sleep(1)

    def search(self) -> None:
        found = self.hits(LABEL, LIMIT)
        self.requested = [hit["task"] for hit in found]
        self.api("POST", f"/projects/{self.project}/views", json={"title": "CPU", "query": LABEL, "limit": LIMIT})
        self.say(f"  {len(found)} frames, similarity {found[0]['similarity']:.2f} to {found[-1]['similarity']:.2f}")

    def annotate(self) -> None:
        runs = self.api("GET", f"/projects/{self.project}/runs")["runs"]
        old = [r for r in runs if (r["state"], r["labels"], r["requested"], r["model_version"]) ==
               ("done", [LABEL], len(self.requested), self.model_version)]
        self.run = old[0]["id"] if old else self.api(
            "POST", f"/projects/{self.project}/runs", json={"labels": [LABEL], "task_ids": self.requested})["id"]
        shown, deadline = -1, time.monotonic() + 900
        while True:
            run = self.api("GET", f"/runs/{self.run}")
            if run["done"] + run["failed"] != shown:
                shown = run["done"] + run["failed"]
                self.say(f"  {shown} of {run['requested']} tasks, {run['failed']} failed")
            if run["state"] in ("done", "failed", "cancelled"):
                break
            if time.monotonic() > deadline:
                raise ArgusError("timeout", "The run was not done within 15 minutes.", "See the workers' logs.")
            time.sleep(0.5)
        if run["state"] != "done":
            raise ArgusError("internal", f"Run {self.run} ended as {run['state']}.", json.dumps(run["errors"][:3]))

    def review(self) -> None:
        from search_service.review.service import make_band_views

        make_band_views(self.project)
        url = f"/projects/{self.project}/review/accept"
        first = self.api("POST", url, json={"min_score": MIN_SCORE})
        self.accepted_again = self.api("POST", url, json={"min_score": MIN_SCORE})["accepted_tasks"]
        self.say(f"  accepted {first['accepted_objects']} objects on {first['accepted_tasks']} tasks, "
                 f"then {self.accepted_again} more")
        waiting = self.api("GET", f"/projects/{self.project}/review")["check_first"]
        self.say(f"  {waiting} tasks wait to be checked first: an object may be missing or odd")

    def export(self) -> None:
        from search_service.export import export_project
        from search_service.export.versions.recording import Asked, recording

        for kind in ("coco", "yolo"):
            with recording(self.project, Asked(kind, note="The demo's export")) as version:
                counts = export_project(self.project, kind, self.folder / "export" / kind, overwrite=True,
                                        version=version)
            self.say(f"  {kind}: {counts.images} images, {counts.objects} objects")

    def frames(self, tasks: Iterable[Task] | None = None) -> dict[int, int]:
        """Return `{task: frame of the video}`; `tasks` as Label Studio lists them, when they are at hand."""
        return {task["id"]: int(str(task["data"]["frame_number"])) for task in tasks or self.ls.tasks(self.project)}

    def hits(self, query: str, limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("GET", f"/projects/{self.project}/search",
                                               params={"q": query, "limit": limit})["hits"]
        return found

    def api(self, method: str, path: str, **options: Any) -> Any:
        """Ask the search service; its problem answers become the errors they were."""
        base = f"{get_settings().search_service_url}/api/v1"
        answer = dialling.ask(method, base + path, timeout=120, **options)
        body = answer.json()
        if answer.status_code >= 400:
            raise ArgusError(body["code"], body["detail"], body.get("hint", ""))
        return body

    def _percent(self, what: str) -> Callable[[float], None]:
        shown = -1

        def show(share: float) -> None:
            nonlocal shown
            if int(share * 10) > shown:
                shown = int(share * 10)
                self.say(f"  {shown * 10} % {what}")

        return show
