"""Folders of object detectors, as transformers' `save_pretrained` writes them: which there are, and their classes.

Read without torch: web processes show them, and only the worker loads one.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from argus.checkpoints import weights_digest
from argus.errors import ArgusError
from argus.settings import Settings

_MOST_BYTES = 16 * 2**20  # of a file with settings
_WEIGHTS = (".safetensors", ".bin")
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")


@dataclass(frozen=True)
class DetectorFolder:
    """A folder with a detector.

    Attributes:
        name: the folder's own.
        architecture: the model's class in transformers.
        classes: names by the number that the model answers with, in order; a name may stand for several.
    """

    name: str
    folder: Path
    architecture: str
    classes: dict[int, str]

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.classes.values()))

    @property
    def digest(self) -> str:
        """What names the weights and the classes, wherever the folder lies: another after it was trained further."""
        # Looked at each time: a folder may get other weights under running processes.
        return _digest(self.folder, tuple((f.name, f.stat().st_mtime_ns) for f in sorted(self.folder.iterdir())))


@functools.lru_cache(maxsize=8)
def _digest(folder: Path, files: tuple[tuple[str, int], ...]) -> str:
    return weights_digest(folder)


def names(settings: Settings) -> list[str]:
    """Return the names of the folders that may hold detectors, in order."""
    try:
        return sorted(path.name for path in settings.detectors_dir.iterdir()
                      if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def find(settings: Settings, name: str) -> DetectorFolder:
    """Return the detector of this name.

    Raises:
        ArgusError: `model_not_found` when there is no such folder; `model_broken` with a sentence why it holds no
            detector.
    """
    there = names(settings)
    if name not in there:  # so that no path is taken for a name
        raise ArgusError("model_not_found", f"There is no detector {name!r} in {settings.detectors_dir}.",
                         f"Folders there: {', '.join(there)}." if there else
                         "Put the detector's folder there, as save_pretrained writes it, or set ARGUS_DETECTORS.")
    folder = settings.detectors_dir / name
    config = _read(folder)
    architecture = _architecture(folder, config)
    if not any((folder / one).is_file() for one in _PROCESSORS):
        raise _broken(folder, "has no preprocessor_config.json, so nobody knows what images the detector takes",
                      "Save the image processor there too: processor.save_pretrained(folder).")
    if not any(path.suffix in _WEIGHTS for path in folder.iterdir()):
        raise _broken(folder, "has no weights", "It needs model.safetensors, which model.save_pretrained writes.")
    return DetectorFolder(name, folder, architecture, _classes(folder, config))


def _read(folder: Path) -> dict[str, JsonValue]:
    path = folder / "config.json"
    if not path.is_file():
        raise _broken(folder, "has no config.json, so it is no checkpoint of transformers",
                      "Put there what model.save_pretrained writes.")
    try:
        with path.open("rb") as file:
            config = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        raise _broken(folder, "has a config.json that cannot be read", "Save the detector again.") from error
    if not isinstance(config, dict):
        raise _broken(folder, "has a config.json that is no object", "Save the detector again.")
    return config


def _architecture(folder: Path, config: dict[str, JsonValue]) -> str:
    found = config.get("architectures")
    name = str(found[0]) if isinstance(found, list) and found else "a model without a name"
    if not name.endswith("ForObjectDetection"):
        raise _broken(folder, f"holds {name}, which is no object detector",
                      "It needs a model of transformers' AutoModelForObjectDetection, such as RT-DETR, D-FINE or DETR.")
    return name


def _classes(folder: Path, config: dict[str, JsonValue]) -> dict[int, str]:
    named = config.get("id2label")
    try:
        classes = {int(number): str(name) for number, name in (named or {}).items()}  # type: ignore[union-attr]
    except (AttributeError, ValueError) as error:
        raise _broken(folder, "names its classes in a form that cannot be read (id2label)",
                      "It is an object of numbers and names.") from error
    if not classes:
        raise _broken(folder, "does not say what its classes are called (id2label in config.json)",
                      "Give the model id2label before save_pretrained.")
    return dict(sorted(classes.items()))


def _broken(folder: Path, what: str, hint: str) -> ArgusError:
    return ArgusError("model_broken", f"The detector's folder {folder} {what}.", hint)
