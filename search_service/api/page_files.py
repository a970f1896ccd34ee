"""The page's own files, under an address that names their contents: a browser keeps them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

WEB = Path(__file__).parents[1] / "web"
KEPT = "public, max-age=31536000, immutable"
_FIRST = "js/theme-first.js"  # a plain script: it runs before anything is drawn


class _Stamp(NamedTuple):
    """By what a file is known to be as it was: its path in the folder, time of change and bytes."""

    name: str
    changed_ns: int
    size: int


class _State(NamedTuple):
    """What is served: the files, their digest, and the document that names it."""

    files: frozenset[_Stamp] = frozenset()
    digest: str = ""
    document: str = ""


class PageFiles:
    """The files of a folder, `index.html` among them.

    All of them share one digest, so the relative imports of the modules stay what they are. Files that are changed
    while the service runs get another one with the next visit of the page.
    """

    def __init__(self, folder: Path = WEB) -> None:
        self._folder, self._state = folder, _State()

    def document(self) -> str:
        """Return `index.html` with the digest in its addresses, and the names of all modules: a browser need not
        read one to learn of the next."""
        files = frozenset(_stamp(self._folder, path) for path in self._folder.rglob("*.*"))
        if files != self._state.files:
            self._state = _State(files, *self._read(sorted(stamp.name for stamp in files)))
        return self._state.document

    def holds(self, digest: str, name: str) -> bool:
        """Whether the present file of this name is the one that `digest` was made from."""
        if not self._state.digest:
            self.document()
        try:
            return digest == self._state.digest and _stamp(self._folder, self._folder / name) in self._state.files
        except FileNotFoundError:
            return False

    def _read(self, names: list[str]) -> tuple[str, str]:
        whole = hashlib.sha256()
        for name in names:
            content = (self._folder / name).read_bytes()
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
        digest = whole.hexdigest()[:16]
        modules = "".join(f'<link rel="modulepreload" href="/web/{name}">\n' for name in names
                          if name.startswith("js/") and name.endswith(".js") and name != _FIRST)
        text = (self._folder / "index.html").read_text("utf-8").replace("</head>", f"{modules}</head>")
        return digest, text.replace('="/web/', f'="/web/{digest}/')


def _stamp(folder: Path, path: Path) -> _Stamp:
    status = path.stat()
    return _Stamp(path.relative_to(folder).as_posix(), status.st_mtime_ns, status.st_size)
