"""Telling model checkpoints apart without loading them."""

from __future__ import annotations

import hashlib
from pathlib import Path

_WHOLE_FILE, _SAMPLE, _SAMPLES = 64 * 2**20, 2**20, 16
_WEIGHTS = (".safetensors", ".bin", ".pt")


def weights_digest(folder: Path) -> str:
    """Return a digest (16 hex digits) of the weights files and `config.json` in a folder, wherever the folder lies.

    A file of up to 64 MiB counts whole, a larger one by its size and 16 samples of 1 MiB: a training step changes every
    weight, so samples tell two checkpoints apart, and a web process need not read gigabytes.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _WEIGHTS or path.name == "config.json":
            digest.update(f"{path.name} {path.stat().st_size} ".encode())
            for part in _samples(path):
                digest.update(part)
    return digest.hexdigest()[:16]


def is_missing_folder(checkpoint: str) -> bool:
    """Whether a checkpoint's name is a path, and there is no such folder."""
    looks_local = checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") > 1
    return looks_local and not Path(checkpoint).is_dir()


def _samples(path: Path) -> list[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _WHOLE_FILE:
            return [file.read()]
        parts = []
        for number in range(_SAMPLES):
            file.seek(number * (size - _SAMPLE) // (_SAMPLES - 1))
            parts.append(file.read(_SAMPLE))
        return parts
