"""The one error type of the product, and its catalogue.

Every failure a user can meet is an `ArgusError` with a code from `CATALOGUE`. The code is stable and part of the
interface: HTTP answers it as an RFC 9457 problem, the command line as a sentence and an exit status, a task that
failed inside a batch keeps it in its row.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Required, TypedDict

from argus import trace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What a code means wherever it appears: its HTTP status and its exit status."""

    status: int
    exit_code: int


CATALOGUE: dict[str, Kind] = {
    # What the caller sent.
    "bad_request": Kind(400, 2),
    "empty_query": Kind(400, 2),
    "bad_label_config": Kind(422, 2),
    "unknown_label": Kind(422, 2),
    "unknown_format": Kind(400, 2),
    "nothing_selected": Kind(422, 2),
    "shares_not_met": Kind(422, 2),
    "unauthorized": Kind(401, 4),
    "forbidden": Kind(403, 4),
    "person_required": Kind(403, 4),
    "not_found": Kind(404, 3),
    "unknown_project": Kind(404, 3),
    "unknown_run": Kind(404, 3),
    "unknown_task": Kind(404, 3),
    "unknown_object": Kind(404, 3),
    "conflict": Kind(409, 5),
    "not_certified": Kind(409, 5),
    "too_many_requests": Kind(429, 9),
    # One image or video.
    "bad_image": Kind(422, 6),
    "bad_video": Kind(422, 6),
    "video_file": Kind(422, 6),
    "image_too_large": Kind(422, 6),
    "upload_too_large": Kind(413, 6),
    "image_unreachable": Kind(502, 6),
    "image_forbidden": Kind(403, 6),
    # The servers around us.
    "label_studio_unreachable": Kind(502, 7),
    "label_studio_refused": Kind(502, 7),
    "label_studio_unauthorized": Kind(502, 7),
    "database_unreachable": Kind(503, 8),
    "database_read_only": Kind(503, 8),
    "database_full": Kind(503, 8),
    "queue_unreachable": Kind(503, 8),
    "queue_full": Kind(503, 8),
    "queue_refused": Kind(503, 8),
    "worker_missing": Kind(503, 8),
    "timeout": Kind(504, 9),
    "not_ready": Kind(503, 9),
    "busy": Kind(503, 9),
    "insufficient_storage": Kind(507, 9),
    # Models.
    "model_not_found": Kind(500, 10),
    "model_gated": Kind(500, 10),
    "model_refused": Kind(500, 10),
    "model_host_busy": Kind(503, 9),
    "model_broken": Kind(500, 10),
    "device_unusable": Kind(500, 10),
    "out_of_memory": Kind(500, 10),
    "bad_setting": Kind(500, 10),
    # The embedded stack.
    "port_in_use": Kind(500, 11),
    "missing_package": Kind(500, 11),
    "child_died": Kind(500, 11),
    "internal": Kind(500, 1),
}


# One of our own servers is away, or takes no writes for now.
QUEUE_OUTAGES = frozenset({"queue_unreachable", "queue_full", "queue_refused"})
OUTAGES = frozenset({"database_unreachable", "database_read_only", "database_full"}) | QUEUE_OUTAGES
# Failures that may pass by themselves.
_PASSING = ("image_unreachable", "label_studio_unreachable", "label_studio_unauthorized", "timeout", "out_of_memory")


class ErrorJson(TypedDict):
    """An `ArgusError` as rows and job results keep it; `details` are facts for scripts, any JSON."""

    code: str
    message: str
    hint: str
    details: dict[str, Any]


class Problem(TypedDict, total=False):
    """The body of an error over HTTP (RFC 9457): `hint` and `details` only where there are any."""

    type: Required[str]
    title: Required[str]
    status: Required[int]
    detail: Required[str]
    code: Required[str]
    hint: str
    details: dict[str, Any]


class ArgusError(Exception):
    """A failure with a stable code, a sentence for the user and a hint for the fix.

    Args:
        code: a key of `CATALOGUE`; an unknown one is a `KeyError`, at the place that made it up.
        message: one sentence that says what is wrong, with the user's own names in it.
        hint: what to do about it; empty when there is nothing more to say.
        details: JSON-ready facts for scripts (ids, limits); never secrets.
    """

    def __init__(self, code: str, message: str, hint: str = "", **details: Any) -> None:
        self.kind = CATALOGUE[code]
        self.code, self.message, self.hint, self.details = code, message, hint, details
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.code, self.message, self.hint, self.details)

    def to_json(self) -> ErrorJson:
        """Return the form stored in rows and job results."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}

    def to_problem(self) -> Problem:
        """Return the RFC 9457 body of this error (`application/problem+json`)."""
        problem: Problem = {
            "type": f"urn:argus:error:{self.code}", "title": self.code.replace("_", " "),
            "status": self.kind.status, "detail": self.message, "code": self.code}
        if self.hint:
            problem["hint"] = self.hint
        if self.details:
            problem["details"] = self.details
        return problem


def may_pass(error: ArgusError) -> bool:
    """Whether the same thing may well succeed later: a server that is away or overloaded, but not a clear "no"."""
    status = error.details.get("status", 0)
    return error.code in _PASSING and not (400 <= status < 500 and status not in (408, 425, 429))


def no_number() -> ArgusError:
    """Return the error of a model that answers with NaN or infinity for one input."""
    return ArgusError("model_broken", "The model returned NaN or infinite values.",
                      "Try ARGUS_DTYPE=float32 for the workers; if all images fail, download the checkpoint again.")


def is_outage(error: BaseException) -> bool:
    """Whether one of our own servers is away or takes no writes: no task is to blame, and the whole work has to be done
    again."""
    return isinstance(error, ArgusError) and error.code in OUTAGES


def _rebuild(code: str, message: str, hint: str, details: dict[str, Any]) -> ArgusError:
    return ArgusError(code, message, hint, **details)


def as_argus_error(error: BaseException, **about: object) -> ArgusError:
    """Return `error` itself when it is ours; else log it, and return an `internal` one that names its type only.

    What an exception that is not ours says is for the log, which cuts secrets out, and for nobody else: it may hold an
    address with its password, a path, a row.

    Args:
        about: what the line in the log names besides the ids bound to this thread.
    """
    if isinstance(error, ArgusError):
        return error
    log.error("unexpected error", extra=about, exc_info=error)
    return ArgusError("internal", f"Unexpected error ({type(error).__name__}).", see_log(**trace.current()))


def see_log(**ids: object) -> str:
    """Return the hint that says where to read on: in the log, under these ids."""
    named = ", ".join(f"{name} {value}" for name, value in ids.items())
    return f"The log has the details{f': {named}' if named else ''}."
