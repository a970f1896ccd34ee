"""The connections of one connected project."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import requests

from argus import addresses, dialling
from argus.errors import ArgusError
from argus.images.fetcher import get_images
from argus.labelstudio import listing, types
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import of_version
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings
from label_studio_config.projects import ProjectRow
from search_service.embedding import object_store
from search_service.health import store, webhook_probe
from search_service.health.doctor import workers
from search_service.health.doctor.finding import TIMEOUT, Finding
from search_service.health.doctor.servers import credentials
from search_service.sync import store as tasks

_UNREADABLE = ("bad_image", "image_too_large")  # codes of what is wrong with a file itself
_SCORES = 20  # predictions looked at
_ARRIVES = 2.0  # seconds for a webhook after the change that caused it; Label Studio sends it within the request


class Project:
    """A project as Label Studio has it, compared with what Argus remembers of it.

    Args:
        row: of the table `project`.
        roles: the worker roles that answered; each is asked to fetch an image.
    """

    def __init__(self, settings: Settings, ls: LabelStudio, row: ProjectRow, roles: Sequence[str] = ()) -> None:
        self._settings, self._ls, self._row, self._roles = settings, ls, row, roles
        self._name = f"project {row['id']}"
        self._again = f"`argus connect --project {row['id']}` puts it right."

    def check(self) -> Iterator[Finding]:
        """Yield every finding. Raises `unknown_project` when Label Studio does not show it, and as the client does."""
        project = self._ls.project(self._row["id"])
        yield from self._links()
        yield from self._tags(project)
        yield from self._versions(project)
        yield from self._scores()
        yield from self._embedding()
        yield from self._values()
        yield from self._image()

    def _links(self) -> Iterator[Finding]:
        hooks: list[types.Webhook] = self._ls.get("/api/webhooks/", project=self._row["id"])
        hook = next((hook for hook in hooks if hook["id"] == self._row["webhook_id"]), None)
        name = f"{self._name}: webhook"
        if hook is None or not hook["is_active"]:
            yield Finding(name, "problem", "It is missing or switched off; new tasks are found by polling only.",
                          self._again)
        elif not addresses.below(self._settings.search_service_url, hook["url"]):
            yield Finding(name, "problem", f"It goes to {hook['url']}.", self._again)
        else:
            yield self._delivery(name, hook["url"])

    def _delivery(self, name: str, url: str) -> Finding:
        """Let Label Studio call the webhook, by a change of the project that changes nothing, and see it arrive."""
        project_id = self._row["id"]
        try:
            webhook_probe.expect(project_id)
        except ArgusError:
            return Finding(name, "unknown", f"{url}; it cannot be tested without the queue.")
        self._ls.patch(f"/api/projects/{project_id}/", {})
        end = time.monotonic() + _ARRIVES
        while (seen := webhook_probe.seen(project_id)) == webhook_probe.AWAITED and time.monotonic() < end:
            time.sleep(0.1)
        if seen == webhook_probe.ARRIVED:
            return Finding(name, "ok", f"Label Studio's call arrived at {url}")
        if seen == webhook_probe.REFUSED:
            return Finding(name, "problem", "Label Studio's call arrives, but its secret is wrong.", self._again)
        return Finding(name, "problem", f"Label Studio's call to {url} did not arrive; new tasks are found by polling "
                       "only.", "It must be reachable from Label Studio, and answer within a second.")

    def _tags(self, project: types.Project) -> Iterator[Finding]:
        """Ask the ML backend what it makes of the labelling config, as Label Studio does before every prediction."""
        name, url = f"{self._name}: labelling config", self._settings.ml_backend_url.rstrip("/")
        try:
            answer = dialling.ask("POST", f"{url}/setup", timeout=TIMEOUT, auth=credentials(self._settings), json={
                "project": f"{self._row['id']}.0", "schema": project["label_config"]})
            said = answer.json()
        except (requests.RequestException, ValueError):
            return  # "ML backend" has told it
        if answer.status_code == 200 and said.get("warnings"):
            yield Finding(name, "problem", " ".join(said["warnings"]))
        elif answer.status_code == 200:
            yield Finding(name, "ok", " ".join([*said.get("fills", ()), *said.get("notes", ())]))
        elif "detail" in said:
            yield Finding(name, "problem", said["detail"], said.get("hint", ""))

    def _versions(self, project: types.Project) -> Iterator[Finding]:
        """The backend's title, what its /setup answers, and what scores count for must be one string."""
        backends: list[types.MlBackend] = self._ls.get("/api/ml", project=self._row["id"])
        backend = next((b for b in backends if b["id"] == self._row["ml_backend_id"]), None)
        if backend is None:
            yield Finding(f"{self._name}: ML backend", "problem", "Argus's ML backend is not set up in it.",
                          self._again)
            return
        if backend["readable_state"] not in ("Connected", "Predicting", "Training"):
            said = " ".join(str(backend.get("error_message") or "").split())[:200]
            yield Finding(f"{self._name}: ML backend", "problem",
                          f"To Label Studio it is {backend['readable_state'].lower()}. {said}".strip(),
                          f"It must answer Label Studio at {backend['url']} within a second.")
            return
        yield Finding(f"{self._name}: ML backend", "ok", backend["url"])
        versions = {"Argus": self._row["model_version"], "the backend's title": backend["title"],
                    "its /setup": backend["model_version"], "the project": project.get("model_version") or "none"}
        if len(set(versions.values())) == 1:
            yield Finding(f"{self._name}: model version", "ok", self._row["model_version"])
        else:
            detail = ", ".join(f"{where}: {version}" for where, version in versions.items())
            yield Finding(f"{self._name}: model version", "problem", f"Scores and bands may look empty. {detail}.",
                          self._again)

    def _scores(self) -> Iterator[Finding]:
        """Compare the scores we delivered last with what Label Studio filters and sorts by."""
        scored = store.last_scored(self._row["id"], self._row["model_version"], _SCORES)
        if not scored:
            return
        listed = listing.page(self._ls, self._row["id"], [of_version(self._row["model_version"])], size=_SCORES,
                              ids=sorted(scored), fields="all")
        shown = listed["tasks"]
        empty = [task["id"] for task in shown if task["predictions_score"] is None]
        name = f"{self._name}: scores"
        if empty:
            yield Finding(name, "problem", f"Label Studio shows no score for {len(empty)} of {len(shown)} tasks that "
                          f"have one, for example task {empty[0]}: no band contains them.", self._again)
        elif shown:
            yield Finding(name, "ok", f"Label Studio shows those of the last {len(shown)} predictions")

    def _embedding(self) -> Iterator[Finding]:
        """Tell how many images are embedded. A file that cannot be read is somebody's file, not a broken connection."""
        rows = store.count_images(self._row["id"], _UNREADABLE)
        unreadable = [row for row in rows if row.state == "failed" and row.unreadable]
        lost = [row for row in rows if row.state == "failed" and not row.unreadable]
        detail = (f"{sum(row.n for row in rows if row.state == 'embedded')} of {sum(row.n for row in rows)} "
                  "images embedded")
        if unreadable:
            detail += f", {unreadable[0].n} cannot be read, for example: {unreadable[0].error}"
        if lost:
            yield Finding(f"{self._name}: images", "problem",
                          f"{detail}, {sum(row.n for row in lost)} failed, for example: {lost[0].error}",
                          f"`argus sync --project {self._row['id']}` shows them.")
        else:
            yield Finding(f"{self._name}: images", "ok", detail)
        yield from self._objects()

    def _objects(self) -> Iterator[Finding]:
        """Tell how many objects are embedded. They are searched by it, and nothing else waits for them."""
        there = object_store.progress(self._row["id"])
        if not (every := there.embedded + there.waiting + there.failed):
            return
        name, detail = f"{self._name}: objects", f"{there.embedded:,} of {every:,} objects embedded"
        if there.failed:
            yield Finding(name, "problem", f"{detail}, {there.failed:,} failed: {store.object_error(self._row['id'])}",
                          f"`argus sync --project {self._row['id']} --retry` tries them again.")
        else:
            yield Finding(name, "ok", detail)

    def _values(self) -> Iterator[Finding]:
        """Tell of values of `task.data` that could not be taken over. The tasks are there: nothing is broken."""
        noted = tasks.count_noted(self._row["id"])
        if not noted:
            return
        whose = "task has values in its" if noted == 1 else "tasks have values in their"
        first = tasks.noted(self._row["id"], 1)[0]
        note = first.notes[0]
        yield Finding(f"{self._name}: values", "ok", f"{noted} {whose} data that were left out, for example task "
                      f"{first.id}, {note['key']}: {note['reason']}. `argus sync --project {self._row['id']}` "
                      "lists them, and `argus task` shows those of one.")

    def _image(self) -> Iterator[Finding]:
        """Fetch an image here and by each worker: they may stand on machines with other ways and rights.

        The newest one, but rather one that can be read. What arrives and is no image has come all the way, too.
        """
        task = store.newest_image(self._row["id"], _UNREADABLE)
        if task is None:
            return
        name, which = f"{self._name}: image access", f"task {task.id}"
        image = TaskImage(self._row["id"], task.id, task.image)
        came: dict[str, int | ArgusError] = {"this process": _downloaded(image)}
        for role, said in workers.fetched_by(self._roles, image).items():
            came[f"the {role} worker"] = said if isinstance(said, ArgusError) else said["bytes"]
        for who, answer in came.items():
            if not isinstance(answer, ArgusError) or answer.code in _UNREADABLE:
                continue
            whose = name if who == "this process" else f"{name} of {who}"
            if answer.code == "timeout" and who != "this process":
                yield Finding(whose, "unknown", f"{which}: {answer.message}", "Ask again when it is idle.")
            else:
                yield Finding(whose, "problem", f"{which}: {answer.message}", answer.hint)
        had = {who: answer for who, answer in came.items()
               if not isinstance(answer, ArgusError) or answer.code in _UNREADABLE}
        if had:
            sizes = [answer for answer in had.values() if isinstance(answer, int)]
            yield Finding(name, "ok", f"{which}: {f'{sizes[0]} bytes' if sizes else 'the file'}, "
                          f"fetched by {', '.join(had)}")


def _downloaded(image: TaskImage) -> int | ArgusError:
    try:
        return len(get_images().download(image))
    except ArgusError as error:
        return error
