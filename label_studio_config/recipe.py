"""The recipe of a project: the checkpoint and what it is asked for. Its hash is the version of every prediction.

A project has one of SAM 3 and, once a detector was chosen, one of that. `project.engine` says which one is current.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from argus import detectors
from argus.checkpoints import weights_digest
from argus.errors import ArgusError
from argus.settings import Settings, get_settings
from label_studio_config.class_mapping import DetectorChoice, classes_of
from label_studio_config.label_config import Concept, LabelPlan, parse_label_config, some

OWN_VERSIONS = ("sam3-", "detector-")
"""How the versions of Argus's own predictions begin."""


class Taught(NamedTuple):
    """A verifier in use: it makes the detections of `key` of those of `source_key`."""

    label: str
    source_key: str
    key: str


class Referenced(NamedTuple):
    """A label that is looked for by reference regions: `made` names what makes its scores, by whatever words."""

    label: str
    made: str


@dataclass(frozen=True)
class Recipe:
    """Which checkpoint looks for which concepts. Runs over some of the labels share their project's recipe.

    Attributes:
        detector: the name of a detector's folder; "" for SAM 3. A detector's concepts have its classes for prompts, and
            labels without a class are not among them.
        masks: SAM 3 gives the detector's boxes masks.
        taught: what verifiers make of detections; of those whose label is asked for otherwise now, nothing.
        referenced: labels whose scores are the likeness to references, where no verifier was taught.
    """

    checkpoint: str
    concepts: tuple[Concept, ...]
    detector: str = ""
    masks: bool = False
    taught: tuple[Taught, ...] = ()
    referenced: tuple[Referenced, ...] = ()

    @property
    def untaught(self) -> Recipe:
        """The recipe of what the model itself finds."""
        return replace(self, taught=(), referenced=()) if self.taught or self.referenced else self

    @property
    def model_version(self) -> str:
        """`sam3-` or `detector-` and 10 hex digits, equal for equal recipes; the order of labels and prompts does not
        matter."""
        labels = sorted((c.label, sorted(c.prompts), round(c.threshold, 6)) for c in self.concepts)
        keys = sorted(self.concept_key(c) for c in self.taught_concepts())
        return OWN_VERSIONS[bool(self.detector)] + _digest(self.checkpoint, labels, *([keys] if keys else []))[:10]

    def taught_concepts(self) -> list[Concept]:
        """Return the concepts whose scores a verifier makes."""
        return [c for c in self.concepts if self.concept_key(c) != self.source_key(c)]

    def require(self, labels: Sequence[str]) -> None:
        """Raise `unknown_label` unless there are labels, and each is looked for; only a detector may lack some."""
        known = {c.label for c in self.concepts}
        lacking = [label for label in labels if label not in known]
        if lacking or not labels:
            raise ArgusError("unknown_label", f"The detector {self.detector!r} has no class for "
                             + (f"the label {lacking[0]!r}." if lacking else "any label of the project."),
                             "Say which of its classes stands for it, or let SAM 3 look: `argus engine`.")

    def prompts(self, labels: Sequence[str]) -> list[str]:
        """Return the texts that SAM 3 reads for these labels; a detector reads none."""
        return [] if self.detector else [p for c in self.concepts if c.label in labels for p in c.prompts]

    def concept_key(self, concept: Concept) -> str:
        """What stored detections depend on: checkpoint, prompts and verifier, but not the threshold that only hides
        some."""
        source = self.source_key(concept)
        taught = (one.key for one in self.taught if (one.label, one.source_key) == (concept.label, source))
        by_references = (reference_key(source, one.made) for one in self.referenced if one.label == concept.label)
        return next(taught, next(by_references, source))

    def made_by_references(self, concept: Concept) -> str:
        """Return what `reference_key` takes for a label that is looked for by references; "" for another."""
        return next((one.made for one in self.referenced if one.label == concept.label), "")

    def source_key(self, concept: Concept) -> str:
        """The key of what the model itself finds, whoever makes the score that is shown."""
        return _digest(self.checkpoint, sorted(concept.prompts))[:16]


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def checkpoint_identity(settings: Settings) -> str:
    """Return what names the weights without loading them, and the settings that change what they find.

    The name, or for a folder a digest of its weights: so the same checkpoint at two paths is one, and a folder that was
    trained further is another. Settings at their default are left out, so that a new one changes no version.
    """
    return f"{settings.sam3_engine}:{_checkpoint(settings.sam3_model)}{''.join(_options(settings))}"


def _options(settings: Settings) -> Iterator[str]:
    yield from _changed(settings, ("sam3_resolution", "sam3_int8", "sam3_tile", "keep_threshold", "nms_iou",
                                   "max_detections"))
    if settings.sam3_tile:
        yield f"/{settings.sam3_tile_overlap:g}"


def _changed(settings: Settings, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        value = getattr(settings, name)
        if value != Settings.model_fields[name].default:
            yield f"+{name}={value:g}"


def _checkpoint(model: str) -> str:
    folder = Path(model)
    if not folder.is_dir():
        return model
    # Looked at each time: a folder may get other weights under running processes.
    return _folder_digest(folder, tuple((f.name, f.stat().st_mtime_ns) for f in sorted(folder.iterdir())))


@functools.lru_cache(maxsize=8)
def _folder_digest(folder: Path, files: tuple[tuple[str, int], ...]) -> str:
    return weights_digest(folder)


def plan_for(project: Mapping[str, Any]) -> LabelPlan:
    """Return the plan of a row of `project`; its warnings tell thresholds below what is stored at all.

    Raises:
        ArgusError: `bad_label_config`.
    """
    settings = get_settings()
    plan = parse_label_config(project["label_config"], project["overrides"],
                              default_threshold=settings.score_threshold)
    low = [c.label for c in plan.concepts if c.threshold < settings.keep_threshold]
    if not low:
        return plan
    return replace(plan, warnings=(
        f"The threshold of {some(low)} is below {settings.keep_threshold:g} (ARGUS_KEEP_THRESHOLD), and detections "
        "below that are not stored: none of them can be shown. Raise model_score_threshold in the labelling config, or "
        "lower ARGUS_KEEP_THRESHOLD.",))


def recipe_for(project: Mapping[str, Any]) -> Recipe:
    """Return the current recipe of a row of `project` (needs `label_config` and `overrides`).

    Raises:
        ArgusError: `bad_label_config`.
    """
    recipe = _detector_recipe(project) if project.get("engine") == "detector" else None
    return recipe or _sam3_recipe(project)


def other_recipe(project: Mapping[str, Any]) -> Recipe | None:
    """Return the recipe of the engine that a row of `project` does not have; None without a detector. Raises as
    `recipe_for`."""
    recipe = _detector_recipe(project)
    return _sam3_recipe(project) if recipe and project.get("engine") == "detector" else recipe


def other_version(project: Mapping[str, Any]) -> str:
    """Return the version of `other_recipe`; "" without one."""
    return recipe.model_version if (recipe := other_recipe(project)) else ""


def _sam3_recipe(project: Mapping[str, Any]) -> Recipe:
    return Recipe(checkpoint_identity(get_settings()), plan_for(project).concepts, taught=_taught(project),
                  referenced=_referenced(project))


def _taught(project: Mapping[str, Any]) -> tuple[Taught, ...]:
    return tuple(Taught(label, source, key) for label, keys in sorted((project.get("verifiers") or {}).items())
                 for source, key in sorted(keys.items()))


def _referenced(project: Mapping[str, Any]) -> tuple[Referenced, ...]:
    kept = project.get("label_references") or {}
    return tuple(Referenced(label, kept[label]["made"]) for label in sorted(kept))


def reference_key(source_key: str, made: str) -> str:
    """Return the concept key of what references make of the detections of `source_key`."""
    return _digest(source_key, made)[:16]


def verifier_key(source_key: str, content: Sequence[float]) -> str:
    """Return the concept key of what a verifier of these parameters makes of the detections of `source_key`."""
    return _digest(source_key, list(content))[:16]


def _detector_recipe(project: Mapping[str, Any]) -> Recipe | None:
    choice: DetectorChoice | None = project.get("detector")
    if not choice:
        return None
    digest, classes = _folder(choice)
    concepts = plan_for(project).concepts
    mapping = classes_of([c.label for c in concepts], classes, choice["mapping"])
    return Recipe(_detector_identity(digest, masks=choice["masks"]), tuple(
        Concept(c.label, tuple(mapping[c.label]), c.threshold) for c in concepts if mapping[c.label]),
        choice["name"], choice["masks"], _taught(project))


def _folder(choice: DetectorChoice) -> tuple[str, list[str]]:
    """Return digest and classes of a detector as its folder is now, or as it was when it was chosen."""
    try:
        found = detectors.find(get_settings(), choice["name"])
        return found.digest, list(found.class_names)
    except (ArgusError, OSError):  # not in reach of this process, or gone: runs will say so, and all else goes on
        return choice["digest"], choice["classes"]


def _detector_identity(digest: str, *, masks: bool) -> str:
    """Return what names a detector's weights, and the settings that change what it finds."""
    settings = get_settings()
    options = "".join(_changed(settings, ("keep_threshold", "nms_iou", "max_detections")))
    return f"detector:{digest}{options}" + (f"/masks:{checkpoint_identity(settings)}" if masks else "")
