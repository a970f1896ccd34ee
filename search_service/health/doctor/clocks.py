"""Whether the clocks agree: jobs of dead workers are told by time, and so are Label Studio's access tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime

import requests

from argus.errors import ArgusError
from argus.jobs import queues
from search_service.health import store
from search_service.health.doctor.finding import Finding
from search_service.health.doctor.label_studio import ask_version
from search_service.health.doctor.workers import Visit

MAX_SKEW = 5.0  # seconds; a lease lives for 20 and is renewed every 5
MAX_SKEW_LABEL_STUDIO = 60.0  # an access token is renewed a minute before it expires
_FIX = "Set both clocks by NTP: who is ahead takes jobs away from those who still work on them."
_FIX_TOKEN = "Set both clocks by NTP: tokens are valid for five minutes only."


def check(label_studio_url: str, visits: Mapping[str, Visit]) -> Iterator[Finding]:
    """Compare this process's clock with PostgreSQL's, Redis's, the workers' and Label Studio's. Who is away is left
    out: the checks before have told it.
    """
    skews: dict[str, float] = {}
    for name, ask in (("PostgreSQL", _postgres), ("Redis", _redis),
                      ("Label Studio", lambda: _label_studio(label_studio_url))):
        began = _now()
        if (theirs := ask()) is not None:
            skews[name] = skew(began, theirs, _now())
    skews |= {f"the {role} worker": skew(visit.asked, visit.said["time"], visit.answered)
              for role, visit in visits.items()}
    late = {name: by for name, by in skews.items()
            if abs(by) > (MAX_SKEW_LABEL_STUDIO if name == "Label Studio" else MAX_SKEW)}
    for name, by in late.items():
        which = "ahead of" if by > 0 else "behind"
        yield Finding("clock", "problem", f"The clock of {name} is {abs(by):.0f} s {which} this one.",
                      _FIX_TOKEN if name == "Label Studio" else _FIX)
    if skews and not late:
        yield Finding("clock", "ok", f"agrees with {', '.join(skews)}")


def skew(asked: float, theirs: float, answered: float) -> float:
    """Return by how many seconds a clock is ahead of ours for sure (negative: behind); 0 when it may be right.

    Args:
        asked, answered: our time before and after the question.
        theirs: what the other clock said in between.
    """
    return max(0.0, theirs - answered) or min(0.0, theirs - asked)


def _now() -> float:
    return time.time()


def _quietly(ask: Callable[[], float]) -> float | None:
    try:
        return ask()
    except (ArgusError, requests.RequestException, ValueError, TypeError):
        return None


def _postgres() -> float | None:
    return _quietly(store.clock)


def _redis() -> float | None:
    def ask() -> float:
        with queues.reachable():
            seconds, microseconds = queues.get_redis().time()
        return float(seconds) + float(microseconds) / 1e6

    return _quietly(ask)


def _label_studio(url: str) -> float | None:
    """Its answers carry whole seconds."""
    return _quietly(lambda: parsedate_to_datetime(
        ask_version(url).headers.get("Date", "")).timestamp())
