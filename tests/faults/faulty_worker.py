"""The product's own worker with one fault built in: `python faulty_worker.py ROLE FAULT FOLDER`.

`poison`: the picture with the comment "poison" crashes the decoder, by SIGSEGV, and leaves a file in FOLDER each time.
`short of memory`: while FOLDER holds the file "short" the engine has no memory even for one picture. The error is
torch's own, raised by us: there is no GPU here.
`clock ahead`: Python's clocks of the day are an hour ahead.
"""

from __future__ import annotations

import datetime
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


def poison(folder: Path) -> None:
    from PIL.ImageFile import ImageFile

    load = ImageFile.load

    def crash(image: ImageFile) -> Any:
        if image.info.get("comment") == b"poison":
            (folder / f"died {sys.argv[1]} {os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGSEGV)
        return load(image)

    ImageFile.load = crash  # type: ignore[method-assign]


def short_of_memory(folder: Path) -> None:
    import torch

    from ml_backend.engines.transformers_engine import TransformersEngine

    detect = TransformersEngine._detect

    def detect_if_it_fits(engine: TransformersEngine, images: Any, concepts: Any) -> Any:
        if (folder / "short").exists():
            (folder / f"out of memory {len(images)}").touch()
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return detect(engine, images, concepts)

    TransformersEngine._detect = detect_if_it_fits  # type: ignore[method-assign]


def clock_ahead(folder: Path) -> None:
    """Replace what the modules imported after this take as `time.time` and `datetime`."""
    real, ahead = datetime.datetime, 3600
    now = time.time

    class Kind(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, real)

    class Ahead(real, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return real.now(tz) + datetime.timedelta(seconds=ahead)

        @classmethod
        def utcnow(cls) -> Any:
            return real.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=ahead)

    time.time = lambda: now() + ahead
    datetime.datetime = Ahead  # type: ignore[misc]


def main() -> int:
    role, fault, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    {"poison": poison, "short of memory": short_of_memory, "clock ahead": clock_ahead}[fault](folder)
    from argus_cli.commands.worker import worker  # after the clock was moved

    worker([role])
    return 0


if __name__ == "__main__":
    sys.exit(main())
