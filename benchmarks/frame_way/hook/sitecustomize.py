"""Loaded by every Python process whose PYTHONPATH names this folder: times the functions of a build that are named.

FRAME_WAY_FUNCTIONS is JSON, `{module: {"function" or "Class.method": stage}}`; a module is wrapped when it is loaded,
so nothing of the build is changed. Each call becomes a line of FRAME_WAY_EVENTS/PID.tsv: stage, Unix time of its
beginning, seconds, and seconds of processor time of its thread, both without the named functions that it called.
It imports only what any Python process has.
"""

from __future__ import annotations

import atexit
import functools
import importlib.abc
import importlib.machinery
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, TracebackType
from typing import Any

_EVERY = 0.5  # seconds between writes
_open = threading.local()
_events: list[str] = []
_writing = threading.Lock()


class Span:
    """Times a block; what blocks inside of it have taken is theirs."""

    def __init__(self, stage: str) -> None:
        self.stage, self.inner, self.inner_cpu = stage, 0.0, 0.0

    def __enter__(self) -> None:
        self.above: Span | None = getattr(_open, "span", None)
        _open.span = self
        self.at, self.began, self.cpu = time.time(), time.perf_counter(), time.thread_time()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        cpu, seconds = time.thread_time() - self.cpu, time.perf_counter() - self.began
        _open.span = self.above
        if self.above:
            self.above.inner += seconds
            self.above.inner_cpu += cpu
        _events.append(f"{self.stage}\t{self.at:.4f}\t{seconds - self.inner:.6f}\t{cpu - self.inner_cpu:.6f}\n")


def timed(function: Callable[..., Any], stage: str) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function):
        @functools.wraps(function)
        def stepped(*args: Any, **options: Any) -> Iterator[Any]:
            inner = function(*args, **options)
            try:
                while True:
                    with Span(stage):
                        try:
                            value = next(inner)
                        except StopIteration:
                            return
                    yield value
            finally:
                inner.close()
        return stepped

    @functools.wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        with Span(stage):
            return function(*args, **options)
    return called


class Loader(importlib.abc.Loader):
    """A module's own loader, which wraps the module's functions before anybody else sees them."""

    def __init__(self, inner: importlib.abc.Loader, functions: dict[str, str]) -> None:
        self._inner, self._functions = inner, functions

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        for path, stage in self._functions.items():
            *owners, name = path.split(".")
            owner: Any = functools.reduce(lambda found, part: getattr(found, part), owners, module)
            setattr(owner, name, timed(getattr(owner, name), stage))


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that hold named functions; how, it leaves to the finders after it."""

    def __init__(self, functions: dict[str, dict[str, str]]) -> None:
        self._functions = functions

    def find_spec(self, name: str, path: Sequence[str] | None,
                  target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        if name not in self._functions:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) and spec.loader:
                spec.loader = Loader(spec.loader, self._functions[name])
                return spec
        return None


def write(folder: str) -> None:
    with _writing:
        count = len(_events)
        if count:
            with open(os.path.join(folder, f"{os.getpid()}.tsv"), "a", encoding="utf-8") as file:
                file.writelines(_events[:count])
            del _events[:count]


def _write_forever(folder: str) -> None:
    while True:
        time.sleep(_EVERY)
        write(folder)


def _begin(folder: str) -> None:
    threading.Thread(target=_write_forever, args=(folder,), name="frame-way", daemon=True).start()


if "FRAME_WAY_EVENTS" in os.environ:
    sys.meta_path.insert(0, Finder(json.loads(os.environ["FRAME_WAY_FUNCTIONS"])))
    atexit.register(write, os.environ["FRAME_WAY_EVENTS"])
    os.register_at_fork(after_in_child=_events.clear)
    _begin(os.environ["FRAME_WAY_EVENTS"])
