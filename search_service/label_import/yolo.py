"""YOLO's label files: a text file an image, a line an object, in shares of the image; class names in YAML or a list.

https://docs.ultralytics.com/datasets/. A line is the class number, then the box (centre and size: four numbers), or the
corners of an outline (six or more; four corners may be a turned box), and after that, in what a model wrote, a
confidence: it makes an odd number of columns even.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import yaml

from argus.errors import ArgusError
from argus.labelstudio.task_data import storable
from search_service.label_import import split_names
from search_service.label_import.found import (
    MAX_IMAGES,
    MAX_NUMBERS,
    MAX_OBJECTS,
    LabelledImage,
    LabelledObject,
    Labels,
    Malformed,
    Problem,
    box_around,
    box_inside,
    number,
    ring_inside,
    score_of,
    shown,
    span,
)
from search_service.label_import.sources import Source

_NAME_FILES = ("classes.txt", "obj.names", "labels.txt", "names.txt")
_LISTS = re.compile(r"(train|val|valid|test|requirements|readme.*|autosplit.*)\.txt", re.IGNORECASE)
_MAX_YAML, _MAX_LABELS, _MAX_CLASS = 2**20, 64 * 2**20, 9_999
_MAX_DEPTH, _MAX_EVENTS = 20, 100_000
_WITHIN = 0.01  # by which a number may lie outside 0 to 1: it is cut at the edge

Names = Mapping[int, str]


def label_files(names: Iterable[str]) -> list[str]:
    """Return which of the files are label files: of texts those below a folder `labels`, if there are any, else all
    but lists of classes and images."""
    texts = [name for name in names if name.lower().endswith(".txt")
             and PurePosixPath(name).name.lower() not in _NAME_FILES]
    below = [name for name in texts if "labels" in PurePosixPath(name).parts[:-1]]
    return below or [name for name in texts if not _LISTS.fullmatch(PurePosixPath(name).name)]


def read(source: Source, files: Sequence[str], labels: Labels) -> None:
    """Read label files into `labels`. Raises `bad_request` when nothing names the classes."""
    names = class_names(source, labels)
    objects = 0
    for file in files:
        if len(labels.images) >= MAX_IMAGES:
            labels.problems.append(Problem(file, "", f"there are more than {MAX_IMAGES:,} images"))
            return
        image = LabelledImage(_image_name(file), file, stem=True, split=split_names.of_yolo(file))
        try:
            lines = re.split(r"\r\n|\r|\n", source.read(file, _MAX_LABELS).decode("utf-8-sig"))
        except (ArgusError, UnicodeDecodeError) as error:
            labels.problems.append(Problem(file, "", error.message if isinstance(error, ArgusError) else
                                           "it is no text in UTF-8"))
            continue
        for index, line in enumerate(lines, 1):
            try:
                if objects >= MAX_OBJECTS:
                    raise Malformed(f"there are more than {MAX_OBJECTS:,} objects")
                if line.strip():
                    image.objects.append(read_line(line, names, f"line {index}"))
                    objects += 1
            except Malformed as error:
                labels.problems.append(Problem(file, f"line {index}", str(error)))
                image.unread += 1
        labels.images.append(image)


def read_line(line: str, names: Names, entry: str) -> LabelledObject:
    """Return the object of a line. Raises `Malformed`."""
    columns = line[:MAX_NUMBERS * 30].split()
    if len(columns) > MAX_NUMBERS:
        raise Malformed(f"it has more than {MAX_NUMBERS:,} columns")
    if len(columns) < 5:
        raise Malformed(f"it has {len(columns)} columns; a box takes 5")
    label = _class(columns[0], names)
    values = [_number(text) for text in columns[1:]]
    score = score_of(values.pop()) if len(columns) % 2 == 0 else None
    if outside := next((value for value in values if not -_WITHIN <= value <= 1 + _WITHIN), None):
        raise Malformed(f"{outside:g} is no share of the image, 0 to 1; are these pixels?")
    if len(values) == 4:
        x, y, w, h = values
        if w <= 0 or h <= 0:
            raise Malformed(f"the box has the size {w:g} × {h:g}")
        (x0, x1), (y0, y1) = span(x, w), span(y, h)
        return LabelledObject(label, entry, box_inside(x0, y0, x1, y1), score=score)
    ring = ring_inside(values)
    return LabelledObject(label, entry, box_around([ring]), (ring,), turned=len(values) == 8, score=score)


def _number(text: str) -> float:
    try:
        found = float(text) if len(text) <= 40 and "_" not in text else None
    except ValueError:
        found = None
    if found is None:
        raise Malformed(f"{shown(text)} is no number")
    return number(found, "a column")


def _class(text: str, names: Names) -> str:
    value = _number(text)
    if value != int(value) or value < 0:
        raise Malformed(f"the class {shown(text)} is no whole number from 0")
    if int(value) not in names:
        raise Malformed(f"there is no class {int(value)}")
    return names[int(value)]


def _image_name(file: str) -> str:
    """Return the image's name without extension: `labels/train/a.txt` labels `images/train/a`."""
    parts = list(PurePosixPath(file).with_suffix("").parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == "labels":
            parts[index] = "images"
            break
    return "/".join(parts)


def class_names(source: Source, labels: Labels) -> Names:
    """Return the names of the classes: of the YAML that has `names`, else of a list such as `classes.txt`.

    Raises:
        ArgusError: `bad_request` when there is none, or two differ.
    """
    found: list[tuple[str, Names]] = []
    for file in source.names:
        if file.lower().endswith((".yaml", ".yml")):
            names = _from_yaml(source, file, labels)
        elif PurePosixPath(file).name.lower() in _NAME_FILES or file.lower().endswith(".names"):
            names = _from_list(source, file, labels)
        else:
            continue
        if names:
            found.append((file, names))
    if not found:
        raise ArgusError("bad_request", "Nothing names the classes of these YOLO labels.",
                         "Put data.yaml or classes.txt into the same folder or ZIP.")
    if any(names != found[0][1] for _, names in found):
        raise ArgusError("bad_request", f"{found[0][0]} and {found[1][0]} name the classes differently.",
                         "Leave one of them out.")
    return found[0][1]


def _from_yaml(source: Source, file: str, labels: Labels) -> Names:
    try:
        text = source.read(file, _MAX_YAML).decode("utf-8-sig")
        _check_events(text)
        body = yaml.safe_load(text)
    except (ArgusError, yaml.YAMLError, ValueError) as error:
        said = error.message if isinstance(error, ArgusError) else \
            str(error).splitlines()[0] if str(error) else "it is no YAML"
        labels.problems.append(Problem(file, "", said[:200]))
        return {}
    names = body.get("names") if isinstance(body, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict):
        return {}
    return _checked({key: str(name) for key, name in names.items()}, file, labels)


def _check_events(text: str) -> None:
    """Raise ValueError for what would take long or much memory to load, before more than that of it is parsed: the
    time that deep nesting takes grows with its square."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it has aliases, which repeat what stands elsewhere")
        if depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise ValueError("its values are nested too deeply, or too many")


def _from_list(source: Source, file: str, labels: Labels) -> Names:
    try:
        lines = source.read(file, _MAX_YAML).decode("utf-8-sig").splitlines()
    except (ArgusError, UnicodeDecodeError):
        labels.problems.append(Problem(file, "", "it is no text in UTF-8 of at most 1 MiB"))
        return {}
    return _checked({index: line.strip() for index, line in enumerate(lines) if line.strip()}, file, labels)


def _checked(names: dict[int, str], file: str, labels: Labels) -> Names:
    kept = {}
    for key, name in names.items():
        if type(key) is int and 0 <= key <= _MAX_CLASS and 0 < len(name) <= 500 and storable(name):
            kept[key] = name
        else:
            labels.problems.append(Problem(file, f"names: {shown(key)}", "it is no class number with a name"))
    return kept
