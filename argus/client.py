"""A thin, typed client of the REST API for scripts: a method for each usual operation, errors as `ArgusError`.

    from argus.client import Argus

    argus = Argus("http://127.0.0.1:8000")
    for hit in argus.search(1, "red fan -cpu", limit=20):
        print(hit.task, hit.similarity, hit.relevance)

It needs only `requests` and `pydantic`; answers are in `argus.answers`. `call` reaches what it has no method for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import requests
from pydantic import ValidationError

from argus import addresses, dialling
from argus.answers.base import Answer
from argus.answers.export import Export
from argus.answers.projects import Connection, Project, Projects, ProjectSummary, Retried, Sync, SyncReport
from argus.answers.review import Accepted, ReviewStatus, Undone
from argus.answers.runs import Run
from argus.answers.search import (
    ExampleSpec,
    ForgottenSearch,
    Hit,
    MadeView,
    ObjectSearchResult,
    QuerySpec,
    Relevance,
    SavedSearch,
    SavedSearches,
    SearchResult,
)
from argus.answers.service import Audit, Me
from argus.client_evaluate import Evaluate
from argus.client_teaching import TaughtLabels
from argus.client_trust import Trust
from argus.client_uploads import ProjectUploads
from argus.client_versions import DatasetVersions, ImportedLabels
from argus.errors import CATALOGUE, ArgusError

__all__ = ["Argus", "Hit", "Run", "SearchResult", "Sync"]
T = TypeVar("T")
A = TypeVar("A", bound=Answer)


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
        self.address, self.timeout, send = address.rstrip("/"), timeout, self._send
        self.uploads = ProjectUploads(self.call)
        self.trust, self.versions, self.teaching = Trust(send), DatasetVersions(send), TaughtLabels(send)
        self.evaluate, self.label_imports = Evaluate(send), ImportedLabels(send, self.uploads)
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
        seconds = options.setdefault("timeout", self.timeout)
        try:
            answer = self._session.request(method, f"{self.address}/api/v1{path}", **options)
        except requests.Timeout as error:
            raise ArgusError("timeout", f"{self.address} did not answer within {seconds:g} s.") from error
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

    def projects(self) -> list[ProjectSummary]:
        """Return every project that Argus knows."""
        return self._get(Projects, "/projects").projects

    def project(self, project: int) -> Project:
        """Return one project: title, labels, bands, model version, address in Label Studio, `sync`."""
        return self._get(Project, f"/projects/{project}")

    def connect(self, title: str | None = None, labels: Sequence[str] = (), *, project: int | None = None,
                masks: bool = False, dry_run: bool = False) -> Connection:
        """Create a project for Argus, or adopt `project`; with `masks`, objects get masks beside their boxes."""
        return self._send(Connection, "POST", "/label-studio/connect", {
            "title": title, "project": project, "labels": list(labels), "masks": masks, "dry_run": dry_run})

    def sync(self, project: int) -> Sync:
        """Look for new, changed and deleted tasks now."""
        return self._send(SyncReport, "POST", f"/projects/{project}/sync").sync

    def wait_until_embedded(self, project: int, seconds: float = 3600.0,
                            progress: Callable[[Sync], None] = lambda sync: None) -> Sync:
        """Wait until no image waits any more. Raises `timeout`."""
        return self._wait(lambda: self.project(project).sync, lambda sync: sync.waiting == 0, seconds, progress)

    def retry(self, project: int) -> int:
        """Try failed images again; return how many there are."""
        return self._send(Retried, "POST", f"/projects/{project}/retry").retried

    # Search -----------------------------------------------------------------------------------------------------

    def search(self, project: int, query: str, limit: int = 50, offset: int = 0, **filters: Any) -> SearchResult:
        """Find images by text; `-word` excludes. `filters` are further query parameters of the operation."""
        return self._get(SearchResult, f"/projects/{project}/search",
                         params={"q": query, "limit": limit, "offset": offset, **filters})

    def search_image(self, project: int, image: bytes | Path, limit: int = 50, offset: int = 0,
                     box: Sequence[float] | None = None) -> SearchResult:
        """Find images like a file, or like its part inside `box` (x0, y0, x1, y1 as fractions of its sides)."""
        data = image.read_bytes() if isinstance(image, Path) else image
        return self._send(SearchResult, "POST", f"/projects/{project}/search/image", data=data,
                          params=_like(limit, offset, box), headers={"Content-Type": "application/octet-stream"})

    def similar(self, project: int, task: int, limit: int = 50, offset: int = 0,
                box: Sequence[float] | None = None) -> SearchResult:
        """Find images like a task's, or like the part of it inside `box`."""
        return self._get(SearchResult, f"/projects/{project}/tasks/{task}/similar", params=_like(limit, offset, box))

    def find(self, project: int, text: str = "", *, like: Sequence[ExampleSpec] = (),
             unlike: Sequence[ExampleSpec] = (), limit: int = 50, offset: int = 0, **filters: Any) -> SearchResult:
        """Find images by text and examples together. An example is `{"task": 7}` or `{"image": base64}`, with `"box":
        [x0, y0, x1, y1]` a part of it (fractions of its sides). `filters` are those of the operation."""
        return self._send(SearchResult, "POST", f"/projects/{project}/search", {
            "text": text, "like": list(like), "unlike": list(unlike), "filters": filters, "limit": limit,
            "offset": offset})

    def find_objects(self, project: int, text: str = "", *, like: Sequence[ExampleSpec] = (),
                     unlike: Sequence[ExampleSpec] = (), limit: int = 50, offset: int = 0,
                     **filters: Any) -> ObjectSearchResult:
        """Find detected objects by the look of their crops. An example is as of `find`, or `{"object": 12}`, a hit."""
        return self._send(ObjectSearchResult, "POST", f"/projects/{project}/search/objects", {
            "text": text, "like": list(like), "unlike": list(unlike), "filters": filters, "limit": limit,
            "offset": offset})

    def saved_searches(self, project: int) -> list[SavedSearch]:
        """Return the saved searches by name."""
        return self._get(SavedSearches, f"/projects/{project}/saved-searches").saved_searches

    def save_search(self, project: int, name: str, ask: QuerySpec, *, keep_view: bool = False, size: int = 50,
                    relevance: Relevance = "unlikely", ranked: int = 0) -> SavedSearch:
        """Keep a search, e.g. `{"text": "cpu"}`, under a name; with `keep_view`, a Label Studio view follows it: of
        `size` hits down to `relevance`, the first `ranked` of them in their order."""
        return self._send(SavedSearch, "POST", f"/projects/{project}/saved-searches", {
            "name": name, "ask": ask, "keep_view": keep_view, "size": size, "relevance": relevance, "ranked": ranked})

    def run_saved(self, project: int, saved: int, limit: int = 50, offset: int = 0) -> SearchResult:
        """Search now for what was saved."""
        return self._get(SearchResult, f"/projects/{project}/saved-searches/{saved}/hits",
                         params={"limit": limit, "offset": offset})

    def delete_saved(self, project: int, saved: int) -> ForgottenSearch:
        """Forget a saved search, and its views unless somebody changed them."""
        return self._send(ForgottenSearch, "DELETE", f"/projects/{project}/saved-searches/{saved}")

    def make_view(self, project: int, query: str | None = None, tasks: Sequence[int] | None = None, title: str = "",
                  limit: int = 50) -> MadeView:
        """Make or update a Label Studio view of a query's hits, or of given tasks."""
        source = {"query": query} if tasks is None else {"task_ids": list(tasks)}
        return self._send(MadeView, "POST", f"/projects/{project}/views", {"title": title, "limit": limit, **source})

    def delete_view(self, project: int, view: int) -> None:
        """Remove a view that Argus made."""
        self.call("DELETE", f"/projects/{project}/views/{view}")

    # Runs, review, export ---------------------------------------------------------------------------------------

    def start_run(self, project: int, labels: Sequence[str], *, tasks: Sequence[int] | None = None,
                  search: str | None = None, limit: int = 50, all_tasks: bool = False) -> Run:
        """Let SAM 3 look for `labels` on these tasks, on the first `limit` hits of a query, or on all tasks."""
        source = {"task_ids": None if tasks is None else list(tasks), "search": search, "all": all_tasks or None}
        return self._send(Run, "POST", f"/projects/{project}/runs", {"labels": list(labels), "limit": limit, **{
            name: value for name, value in source.items() if value is not None}})

    def run(self, run: int) -> Run:
        return self._get(Run, f"/runs/{run}")

    def wait_for_run(self, run: int, seconds: float = 3600.0,
                     progress: Callable[[Run], None] = lambda run: None) -> Run:
        """Wait until a run has ended. Raises `timeout`."""
        return self._wait(lambda: self.run(run), lambda now: now.ended, seconds, progress)

    def cancel_run(self, run: int) -> Run:
        return self._send(Run, "POST", f"/runs/{run}/cancel")

    def review(self, project: int) -> ReviewStatus:
        """Return the review's progress by band."""
        return self._get(ReviewStatus, f"/projects/{project}/review")

    def accept(self, project: int, min_score: float, max_score: float | None = None) -> Accepted:
        """Accept the predictions whose score is at least `min_score` and less than `max_score`."""
        return self._send(Accepted, "POST", f"/projects/{project}/review/accept",
                          {"min_score": min_score, "max_score": max_score})

    def undo(self, acceptance: int) -> Undone:
        """Take an acceptance back (`acceptance` of `accept`'s answer), except annotations that were changed since."""
        return self._send(Undone, "POST", f"/acceptances/{acceptance}/undo")

    def export(self, project: int, target: Path, format: str = "coco", seconds: float = 3600.0) -> Path:
        """Write the annotations as a ZIP file of COCO or YOLO, and return its path: made in the background, waited for,
        and deleted from the service once it is here. Raises `timeout`, and what went wrong with the export."""
        asked = self._send(Export, "POST", f"/projects/{project}/exports", {"format": format})
        path = f"/exports/{asked.id}"
        try:
            made = self._wait(lambda: self._get(Export, path), lambda now: now.state not in ("queued", "running"),
                              seconds, lambda now: None)
            if said := made.error:
                raise ArgusError(said.code, said.message, said.hint, **said.details)
            with self.call("GET", f"{path}/file", stream=True) as answer, target.open("wb") as file:
                for piece in answer.iter_content(2**20):
                    file.write(piece)
        finally:
            self.call("DELETE", path)
        return target

    def me(self) -> Me:
        """Return who acts; all is None but `admin` when it is the service."""
        return self._get(Me, "/people/me")

    def audit(self, project: int | None = None, *, since: datetime | None = None, who: str | None = None,
              limit: int = 50, before: int | None = None) -> Audit:
        """Return who changed what, newest first; `next` of it is `before` of the next page."""
        asked = {"project": project, "since": since.astimezone().isoformat() if since else None, "who": who,
                 "limit": limit, "before": before}
        return self._get(Audit, "/audit", params=asked)

    def picture(self, task: int, size: int = 320) -> bytes:
        """Return a JPEG of a task's image whose longest side is at most `size` pixels."""
        return self.call("GET", f"/images/{task}", params={"size": size}).content

    def _get(self, model: type[A], path: str, **options: Any) -> A:
        return self._send(model, "GET", path, **options)

    def _send(self, model: type[A], method: str, path: str, body: Any = None, **options: Any) -> A:
        answer = self.call(method, path, body, **options)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise _not_ours(answer) from error

    def _wait(self, ask: Callable[[], T], ended: Callable[[T], bool], seconds: float, tell: Callable[[T], object]) -> T:
        deadline = time.monotonic() + seconds
        while True:
            tell(now := ask())
            if ended(now):
                return now
            if time.monotonic() > deadline:
                raise ArgusError("timeout", f"It has not ended within {seconds:g} s.")
            time.sleep(1.0)


def _like(limit: int, offset: int, box: Sequence[float] | None) -> dict[str, int | str]:
    return {"limit": limit, "offset": offset, **({"box": ",".join(str(side) for side in box)} if box else {})}


def _error(answer: requests.Response) -> ArgusError:
    try:
        problem = answer.json()
        code = problem["code"] if problem["code"] in CATALOGUE else "internal"
        return ArgusError(code, problem["detail"], problem.get("hint", ""), **problem.get("details", {}))
    except (ValueError, KeyError, TypeError):
        return _not_ours(answer)


def _not_ours(answer: requests.Response) -> ArgusError:
    return ArgusError("internal", f"Something that is not Argus answered {answer.status_code} at {answer.url}.",
                      "Is this the address of the search service, of the version of this client?")
