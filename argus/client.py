"""A thin, typed client of the REST API for scripts: a method for each usual operation, errors as `ArgusError`.

    from argus.client import Argus

    argus = Argus("http://127.0.0.1:8000")
    for hit in argus.search(1, "red fan -cpu", limit=20):
        print(hit.task, hit.similarity, hit.relevance)

It needs only `requests` and nothing of the servers. `call` reaches the operations it has no method for; `/docs` of the
service lists them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import requests

from argus import addresses, dialling
from argus.errors import CATALOGUE, ArgusError

T = TypeVar("T")


class _Answer:
    """Base of the answers: fields this version does not know are left out, so that a newer service is understood."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        return cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Hit(_Answer):
    """An image that was found. `similarity` is a cosine; `relevance` is likely, possible, unlikely or ''."""

    task: int
    similarity: float
    relevance: str = ""
    image: str = ""
    video: str | None = None
    video_id: str | None = None
    video_name: str | None = None
    video_time: float | None = None
    frame_number: int | None = None


@dataclass(frozen=True)
class Found:
    """A page of a ranking, iterable. `total` images were ranked; `waiting` ones have no vector yet; not `exact`: only
    the first `window` can be paged."""

    hits: list[Hit]
    total: int
    exact: bool
    window: int
    waiting: int

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def relevant(self, least: str = "possible") -> list[Hit]:
        """Return the hits that show what was asked for: `likely` ones only, or `possible` ones too."""
        wanted = ("likely",) if least == "likely" else ("likely", "possible")
        return [hit for hit in self.hits if hit.relevance in wanted]


@dataclass(frozen=True)
class Sync(_Answer):
    """How far a project's images are: `fetched` ones were had, whatever became of them; every one `seen` is waiting,
    embedded or failed. `errors` are `{"task", "state", "code", "message", "hint"}`."""

    seen: int
    waiting: int
    embedded: int
    failed: int
    fetched: int = 0
    duplicates: int = 0
    oldest_waiting_seconds: float | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    noted: int = 0
    notes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Run(_Answer):
    """A run of SAM 3: queued, running, done, failed or cancelled; counts are tasks."""

    id: int
    state: str
    requested: int = 0
    done: int = 0
    failed: int = 0
    model_version: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


class Argus:
    """The search service at `address`; safe to use from one thread.

    Args:
        address: without a trailing path, for example `http://127.0.0.1:8000`.
        token: what ARGUS_API_TOKEN says there; empty when it is not set.
        label_studio_token: your own personal access token of Label Studio: the service then shows and changes only
            projects that you can open there, does what you may do in them, and what you accept carries your name.
            Empty: all that the service's own token can open, under its name.
        timeout: seconds for one request.
        proxy: reaches the service, when its name has a dot or its address is public. The environment's proxies and
            `.netrc` are not used: they would see the tokens, or replace them.

    Every method raises `ArgusError`: the service's own error with its code, sentence and hint, or `internal` when
    something else answered, or `timeout` and `not_ready` when nothing did.
    """

    def __init__(self, address: str = "http://127.0.0.1:8000", token: str = "", timeout: float = 60.0, *,
                 label_studio_token: str = "", proxy: str = "") -> None:
        self.address, self.timeout = address.rstrip("/"), timeout
        try:
            self._session = dialling.locked([addresses.parse(self.address).origin], proxy)
        except addresses.BadAddress as error:
            raise ArgusError("bad_request", f"The address of the search service {error.what}.", error.fix) from error
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        if label_studio_token:
            self._session.headers["X-Label-Studio-Token"] = label_studio_token

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send one request to `/api/v1` + `path` and return the answer; `options` are those of `requests`."""
        if body is not None:
            options["json"] = body
        try:
            answer = self._session.request(method, f"{self.address}/api/v1{path}", timeout=self.timeout, **options)
        except requests.Timeout as error:
            raise ArgusError("timeout", f"{self.address} did not answer within {self.timeout:g} s.") from error
        except dialling.WrongTarget as error:
            raise ArgusError("not_ready", f"{self.address} redirects to {error.target}; nothing was sent there.",
                             "Use the service's own address.") from error
        except requests.RequestException as error:
            raise ArgusError("not_ready", f"{self.address} does not answer: {type(error).__name__}.",
                             "Is the search service running?") from error
        if answer.status_code >= 400:
            raise _error(answer)
        return answer

    # Projects ---------------------------------------------------------------------------------------------------

    def projects(self) -> list[dict[str, Any]]:
        """Return `{"id", "title", "connected", "images", "embedded"}` of every project."""
        return self._json("GET", "/projects")["projects"]  # type: ignore[no-any-return]

    def project(self, project: int) -> dict[str, Any]:
        """Return one project: title, labels, bands, model version, address in Label Studio, `sync`."""
        return self._json("GET", f"/projects/{project}")

    def sync(self, project: int) -> Sync:
        """Look for new, changed and deleted tasks now."""
        return Sync.of(self._json("POST", f"/projects/{project}/sync")["sync"])

    def wait_until_embedded(self, project: int, seconds: float = 3600.0,
                            progress: Callable[[Sync], None] = lambda sync: None) -> Sync:
        """Wait until no image waits any more. Raises `timeout`."""
        return self._wait(lambda: Sync.of(self.project(project)["sync"]), lambda sync: sync.waiting == 0, seconds,
                          progress)

    def retry(self, project: int) -> int:
        """Try failed images again; return how many there are."""
        return int(self._json("POST", f"/projects/{project}/retry")["retried"])

    # Search -----------------------------------------------------------------------------------------------------

    def search(self, project: int, query: str, limit: int = 50, offset: int = 0, **filters: Any) -> Found:
        """Find images by text; `-word` excludes. `filters` are further query parameters of the operation."""
        return self._found("GET", f"/projects/{project}/search",
                           params={"q": query, "limit": limit, "offset": offset, **filters})

    def search_image(self, project: int, image: bytes | Path, limit: int = 50, offset: int = 0,
                     box: Sequence[float] | None = None) -> Found:
        """Find images like a file, or like its part inside `box` (x0, y0, x1, y1 as fractions of its sides)."""
        data = image.read_bytes() if isinstance(image, Path) else image
        return self._found("POST", f"/projects/{project}/search/image", data=data,
                           params=_like(limit, offset, box), headers={"Content-Type": "application/octet-stream"})

    def similar(self, project: int, task: int, limit: int = 50, offset: int = 0,
                box: Sequence[float] | None = None) -> Found:
        """Find images like a task's, or like the part of it inside `box`."""
        return self._found("GET", f"/projects/{project}/tasks/{task}/similar", params=_like(limit, offset, box))

    def find(self, project: int, text: str = "", *, like: Sequence[dict[str, Any]] = (),
             unlike: Sequence[dict[str, Any]] = (), limit: int = 50, offset: int = 0, **filters: Any) -> Found:
        """Find images by text and examples together. An example is `{"task": 7}` or `{"image": base64}`, with `"box":
        [x0, y0, x1, y1]` a part of it (fractions of its sides). `filters` are those of the operation."""
        return self._found("POST", f"/projects/{project}/search", body={
            "text": text, "like": list(like), "unlike": list(unlike), "filters": filters, "limit": limit,
            "offset": offset})

    def saved_searches(self, project: int) -> list[dict[str, Any]]:
        """Return the saved searches by name: `{"id", "name", "ask", "views", "url", "tasks", …}`."""
        return self._json("GET", f"/projects/{project}/saved-searches")["saved_searches"]  # type: ignore[no-any-return]

    def save_search(self, project: int, name: str, ask: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Keep a search, e.g. `{"text": "cpu"}`, under a name; `keep_view=True`, `size=50`, `relevance="likely"`,
        `ranked=10` make a Label Studio view that follows."""
        return self._json("POST", f"/projects/{project}/saved-searches", {"name": name, "ask": ask, **options})

    def run_saved(self, project: int, saved: int, limit: int = 50, offset: int = 0) -> Found:
        """Search now for what was saved."""
        return self._found("GET", f"/projects/{project}/saved-searches/{saved}/hits",
                           params={"limit": limit, "offset": offset})

    def delete_saved(self, project: int, saved: int) -> dict[str, Any]:
        """Forget a saved search and its view: `{"deleted", "left": views that somebody changed and that stay}`."""
        return self._json("DELETE", f"/projects/{project}/saved-searches/{saved}")

    def make_view(self, project: int, query: str | None = None, tasks: Sequence[int] | None = None, title: str = "",
                  limit: int = 50) -> dict[str, Any]:
        """Make or update a Label Studio view of a query's hits, or of given tasks: `{"views", "tasks", "url"}`."""
        source = {"query": query} if tasks is None else {"task_ids": list(tasks)}
        return self._json("POST", f"/projects/{project}/views", {"title": title, "limit": limit, **source})

    def delete_view(self, project: int, view: int) -> None:
        """Remove a view that Argus made."""
        self._json("DELETE", f"/projects/{project}/views/{view}")

    # Runs, review, export ---------------------------------------------------------------------------------------

    def start_run(self, project: int, labels: Sequence[str], *, tasks: Sequence[int] | None = None,
                  search: str | None = None, limit: int = 50, all_tasks: bool = False) -> Run:
        """Let SAM 3 look for `labels` on these tasks, on the first `limit` hits of a query, or on all tasks."""
        source = {"task_ids": None if tasks is None else list(tasks), "search": search, "all": all_tasks or None}
        return Run.of(self._json("POST", f"/projects/{project}/runs", {"labels": list(labels), "limit": limit, **{
            name: value for name, value in source.items() if value is not None}}))

    def run(self, run: int) -> Run:
        return Run.of(self._json("GET", f"/runs/{run}"))

    def wait_for_run(self, run: int, seconds: float = 3600.0,
                     progress: Callable[[Run], None] = lambda run: None) -> Run:
        """Wait until a run has ended. Raises `timeout`."""
        return self._wait(lambda: self.run(run), lambda now: now.ended, seconds, progress)

    def cancel_run(self, run: int) -> Run:
        return Run.of(self._json("POST", f"/runs/{run}/cancel"))

    def review(self, project: int) -> dict[str, Any]:
        """Return the review's progress by band."""
        return self._json("GET", f"/projects/{project}/review")

    def accept(self, project: int, min_score: float, max_score: float | None = None) -> dict[str, Any]:
        """Accept the predictions whose score is at least `min_score` and less than `max_score`."""
        return self._json("POST", f"/projects/{project}/review/accept",
                          {"min_score": min_score, "max_score": max_score})

    def undo(self, acceptance: int) -> dict[str, Any]:
        """Take an acceptance back (`acceptance` of what `accept` returned), except annotations that were changed since:
        `{"undone", "left": [{"task", "annotation", "reason"}]}`."""
        return self._json("POST", f"/acceptances/{acceptance}/undo")

    def export(self, project: int, target: Path, format: str = "coco", seconds: float = 3600.0) -> Path:
        """Write the annotations as a ZIP file of COCO or YOLO, and return its path: made in the background, waited for,
        and deleted from the service once it is here. Raises `timeout`, and what went wrong with the export."""
        path = f"/exports/{self._json('POST', f'/projects/{project}/exports', {'format': format})['id']}"
        try:
            made = self._wait(lambda: self._json("GET", path), lambda now: now["state"] not in ("queued", "running"),
                              seconds, lambda now: None)
            if said := made["error"]:
                raise ArgusError(said["code"], said["message"], said["hint"], **said["details"])
            with self.call("GET", f"{path}/file", stream=True) as answer, target.open("wb") as file:
                for piece in answer.iter_content(2**20):
                    file.write(piece)
        finally:
            self.call("DELETE", path)
        return target

    def me(self) -> dict[str, Any]:
        """Return who acts: `{"id", "email", "name", "admin"}`, all None but `admin` when it is the service."""
        return self._json("GET", "/people/me")

    def audit(self, project: int | None = None, *, since: datetime | None = None, who: str | None = None,
              limit: int = 50, before: int | None = None) -> dict[str, Any]:
        """Return who changed what, newest first: `{"entries": [{"id", "at", "who", "verified", "address", "action",
        "project", "object", "outcome"}], "next": `before` of the next page, or None}`."""
        asked = {"project": project, "since": since.astimezone().isoformat() if since else None, "who": who,
                 "limit": limit, "before": before}
        return self.call("GET", "/audit", params=asked).json()  # type: ignore[no-any-return]

    def picture(self, task: int, size: int = 320) -> bytes:
        """Return a JPEG of a task's image whose longest side is at most `size` pixels."""
        return self.call("GET", f"/images/{task}", params={"size": size}).content

    # ------------------------------------------------------------------------------------------------------------

    def _json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return self.call(method, path, body).json()  # type: ignore[no-any-return]

    def _found(self, method: str, path: str, **options: Any) -> Found:
        answer = self.call(method, path, **options).json()
        return Found([Hit.of(hit) for hit in answer["hits"]],
                     *(answer[name] for name in ("total", "exact", "window", "waiting")))

    def _wait(self, ask: Callable[[], T], ended: Callable[[T], bool], seconds: float,
                 progress: Callable[[T], None]) -> T:
        deadline = time.monotonic() + seconds
        while True:
            now = ask()
            progress(now)
            if ended(now):
                return now
            if time.monotonic() > deadline:
                raise ArgusError("timeout", f"It has not ended within {seconds:g} s.")
            time.sleep(1.0)


def _like(limit: int, offset: int, box: Sequence[float] | None) -> dict[str, Any]:
    return {"limit": limit, "offset": offset, **({"box": ",".join(str(side) for side in box)} if box else {})}


def _error(answer: requests.Response) -> ArgusError:
    try:
        problem = answer.json()
        code = problem["code"] if problem["code"] in CATALOGUE else "internal"
        return ArgusError(code, problem["detail"], problem.get("hint", ""), **problem.get("details", {}))
    except (ValueError, KeyError, TypeError):
        return ArgusError("internal", f"Something that is not Argus answered {answer.status_code} at {answer.url}.",
                          "Is this the address of the search service?")
