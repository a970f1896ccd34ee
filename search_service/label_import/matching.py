"""Which task an image of label files belongs to: by its path, its name, or the digest of its file. Pure.

Names are compared as exports write them: without the folders and prefixes of a storage, and without an extension, which
an export may change. Folders count where several tasks have one name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Generic, Literal, TypeVar

from search_service.export.files import clean_stem, extension_in

T = TypeVar("T", int, str)
Way = Literal["path", "name", "digest"]
_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")


@dataclass(frozen=True)
class Found(Generic[T]):
    """What an image's name leads to: one thing and the way, or several (`several`), or nothing."""

    one: T | None = None
    way: Way = "name"
    several: tuple[T, ...] = ()


@dataclass
class NameIndex(Generic[T]):
    """Things by the names of their files."""

    _stems: dict[str, list[tuple[tuple[str, ...], str, T]]] = field(default_factory=dict)

    def add(self, path: str, thing: T) -> None:
        folders, stem, extension = _parts(path, stem_only=False)
        self._stems.setdefault(stem, []).append((folders, extension, thing))

    def find(self, path: str, *, stem_only: bool = False) -> Found[T]:
        """Return what has the path or the name.

        Args:
            stem_only: the path has no extension.
        """
        folders, stem, extension = _parts(path, stem_only)
        found = self._stems.get(stem, [])
        if extension and len(found) > 1:
            found = [one for one in found if one[1] == extension] or found
        if len(found) == 1:
            return Found(found[0][2], "path" if _common(folders, found[0][0]) else "name")
        if not found:
            return Found()
        depths = [_common(folders, one[0]) for one in found]
        deepest = max(depths)
        nearest = [one[2] for one, depth in zip(found, depths, strict=True) if depth == deepest]
        if deepest and len(nearest) == 1:
            return Found(nearest[0], "path")
        return Found(several=tuple(nearest))


def _parts(path: str, stem_only: bool) -> tuple[tuple[str, ...], str, str]:
    parts = PurePosixPath(path.replace("\\", "/")).parts or ("",)
    name = parts[-1]
    extension = "" if stem_only else extension_in(name).lower()
    stem = clean_stem(f"{name}.jpg" if stem_only else name).casefold()
    return tuple(part for part in parts[:-1] if part not in ("/", ".")), stem, \
        ".jpg" if extension in _JPEG else extension


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many folders both have in common, counted from the file."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


@dataclass(frozen=True)
class Match:
    """Where an image of label files goes: to a task, to a new one (`task` None, `file` to bring along), or nowhere, for
    a reason that speaks of `others`."""

    task: int | None = None
    way: Way = "name"
    file: str | None = None
    reason: str = ""
    others: str = ""


class Matcher:
    """Matches the images of one import.

    Args:
        tasks: by the paths of their images.
        digests: SHA-256 of the images of tasks, as far as known.
        files: images that came along, by their paths.
        digest_of: tells the digest of such an image.
    """

    def __init__(self, tasks: NameIndex[int], digests: Mapping[int, bytes], files: NameIndex[str],
                 digest_of: Callable[[str], bytes]) -> None:
        self._tasks, self._digests, self._files, self._digest_of = tasks, digests, files, digest_of
        self._by_digest: dict[bytes, list[int]] = {}
        for task, digest in digests.items():
            self._by_digest.setdefault(digest, []).append(task)

    def match(self, name: str, *, stem_only: bool) -> Match:
        """Return where the image goes, as far as it can be told by itself."""
        found = self._tasks.find(name, stem_only=stem_only)
        file = self._files.find(name, stem_only=stem_only)
        if found.one is not None:
            return Match(found.one, found.way, file.one)
        alike = self._by_digest.get(self._digest_of(file.one), []) if file.one is not None else []
        if found.several:
            alike = [task for task in alike if task in found.several]
        if len(alike) == 1:
            return Match(alike[0], "digest", file.one)
        if found.several:
            return Match(reason="its name is that of several tasks", others=f"tasks {_listed(found.several)}")
        if len(alike) > 1:
            return Match(reason="its file is that of several tasks", others=f"tasks {_listed(alike)}")
        if file.one is not None:
            return Match(file=file.one)
        if file.several:
            return Match(reason="its name is that of several images that came along", others=_listed(file.several))
        return Match(reason="no task has this name, and its image did not come along")


def without_twins(matches: Iterable[Match]) -> list[Match]:
    """Return the matches, those left out that lead to one task or one new image although they are several: of those the
    way that says most counts, if only one has it."""
    listed = list(matches)
    ways: dict[int | str, list[Way]] = {}
    for match in listed:
        if (key := _target(match)) is not None:
            ways.setdefault(key, []).append(match.way)
    order: tuple[Way, ...] = ("digest", "path", "name")
    kept = []
    for match in listed:
        of_target = ways.get(_target(match) or "", [])
        best = min(of_target, key=order.index, default="name")
        if len(of_target) > 1 and (match.way != best or of_target.count(best) > 1):
            what = "task" if match.task is not None else "image"
            match = Match(reason=f"several images of the labels are one {what}",
                          others=f"task {match.task}" if match.task is not None else match.file or "")
        kept.append(match)
    return kept


def _target(match: Match) -> int | str | None:
    return match.task if match.task is not None else match.file


def _listed(things: Iterable[int | str]) -> str:
    every = list(things)
    return ", ".join(map(str, every[:5])) + (f" and {len(every) - 5} more" if len(every) > 5 else "")
