"""A random sample: the order in which objects are judged, and which judgements count. Pure functions.

The list of objects is fixed first and its digest is stored; the seed is drawn afterwards. So nobody can choose the list
or the seed to get a convenient order, and whoever has both can draw the order again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from argus.answers.trust import Kind, Verdict

K = TypeVar("K")
FRAMES: Kind = "nothing_found"


@dataclass(frozen=True)
class Scope:
    """What a sample is of, and what its certificate speaks of.

    Args:
        kind: objects, or frames in which nothing was found.
        labels: of objects, none (all labels) or the one; of frames, those that were looked for in them.
    """

    kind: Kind = "objects"
    labels: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """Return the only label whose objects are listed; None for those of all labels, and for frames."""
        return self.labels[0] if self.kind == "objects" and self.labels else None


ALL_LABELS = Scope()


def key_of(task: int, name: str) -> str:
    """Return what names an object in a sample: "task:object", the object as its Label Studio regions name it.

    A whole frame has the name "".
    """
    return f"{task}:{name}"


def digest_of(keys: Iterable[str]) -> str:
    """Return the SHA-256 of the sorted keys, a line each, as 64 hexadecimal digits: it stands for the list."""
    return hashlib.sha256("".join(f"{key}\n" for key in sorted(keys)).encode()).hexdigest()


def drawn(keys: Iterable[str], seed: str) -> list[str]:
    """Return the keys in the order that the seed decides, whatever order they come in.

    Each key is placed by the SHA-256 of the seed and itself, the way ballots are drawn in risk-limiting audits (Stark,
    ALPHA, 2022, arXiv:2201.02707): for a seed that nobody knew before, every order is as likely as any other.
    """
    start = hashlib.sha256(f"{seed}\n".encode())

    def place(key: str) -> bytes:
        hashed = start.copy()
        hashed.update(key.encode())
        return hashed.digest()

    return sorted(keys, key=place)


def combined(verdicts: Sequence[Verdict]) -> bool | None:
    """Return whether an object counts as right; None while nobody has judged it.

    It does when everybody who judged it said so: unsure counts as wrong, and so do two verdicts that differ.
    """
    return all(verdict == "right" for verdict in verdicts) if verdicts else None


def judged_prefix(order: Iterable[K], verdicts: Mapping[K, bool]) -> list[bool]:
    """Return the verdicts in the drawn order, up to the first object that nobody has judged.

    Only these are a random sample. What was answered first is not: a hard object takes longer, so with two people at
    work, or one who puts hard objects off, the answered ones are better than the rest.
    """
    found = []
    for key in order:
        if key not in verdicts:
            break
        found.append(verdicts[key])
    return found
