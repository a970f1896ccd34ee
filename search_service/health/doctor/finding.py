"""What a check finds."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Literal

from argus.answers import health

State = Literal["ok", "problem", "unknown"]
TIMEOUT = 5  # seconds for one question to a server
MIN_FREE = 2**30  # bytes of a disk


@dataclass(frozen=True)
class Finding:
    """One connection: what was tried, how it stands, what was seen, and what to do about a problem."""

    name: str
    state: State
    detail: str
    fix: str = ""

    def answer(self) -> health.Finding:
        """Return it as the API and scripts get it."""
        return health.Finding(**asdict(self))


def version(text: str, numbers: int = 2) -> tuple[int, ...]:
    """Return the first numbers of a version: (1, 23) of "1.23.2"."""
    return tuple(int(digits[0]) if (digits := re.match(r"\d+", part)) else 0 for part in text.split(".")[:numbers])
