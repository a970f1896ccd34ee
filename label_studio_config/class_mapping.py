"""Which of a detector's classes stand for which label: those of the same name, unless a person said otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from argus.typed_text import same_name


class ByReferences(TypedDict):
    """How a label is looked for by references: `made` names the parameters of its scores, `prompts` are its own from
    before, None: the labelling config's."""

    made: str
    prompts: list[str] | None


class DetectorChoice(TypedDict):
    """The detector of a project.

    `digest` and `classes` are what its folder held when it was chosen, for as long as the folder cannot be read;
    `masks`: SAM 3 gives its boxes masks; `mapping`: the classes of the labels where a person said which.
    """

    name: str
    digest: str
    classes: list[str]
    masks: bool
    mapping: dict[str, list[str]]


def by_name(labels: Sequence[str], classes: Sequence[str]) -> dict[str, list[str]]:
    """Return the classes that are called as a label, by label. Case, width, and `_` for a space do not count, unless
    several labels differ in nothing else: then only the very same name fits."""
    keys = Counter(_key(label) for label in labels)
    return {label: [name for name in classes if name == label
                    or (keys[_key(label)] == 1 and _key(name) == _key(label))] for label in labels}


def classes_of(labels: Sequence[str], classes: Sequence[str],
               changed: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the classes of each label: what a person said, else those of its name that nobody gave to another label.

    Args:
        changed: classes by label; what there is not any more does not count.
    """
    said = {label: [name for name in changed[label] if name in classes] for label in labels if label in changed}
    taken = {name for names in said.values() for name in names}
    named = by_name(labels, classes)
    return {label: said[label] if label in said else [name for name in named[label] if name not in taken]
            for label in labels}


def left(classes: Sequence[str], mapping: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the classes that stand for no label."""
    used = {name for names in mapping.values() for name in names}
    return [name for name in classes if name not in used]


def _key(name: str) -> str:
    return " ".join(same_name(name).replace("_", " ").split())
