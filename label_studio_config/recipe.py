"""The recipe of a project: the checkpoint and what it is asked for. Its hash is the version of every prediction."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from argus.checkpoints import weights_digest
from argus.settings import Settings, get_settings
from label_studio_config.label_config import Concept, LabelPlan, parse_label_config, some


@dataclass(frozen=True)
class Recipe:
    """Which checkpoint looks for which concepts. Runs over some of the labels share their project's recipe."""

    checkpoint: str
    concepts: tuple[Concept, ...]

    @property
    def model_version(self) -> str:
        """`sam3-` and 10 hex digits, equal for equal recipes; the order of labels and prompts does not matter."""
        labels = sorted((c.label, sorted(c.prompts), round(c.threshold, 6)) for c in self.concepts)
        return "sam3-" + _digest(self.checkpoint, labels)[:10]

    def concept_key(self, concept: Concept) -> str:
        """What stored detections depend on: checkpoint and prompts, but not the threshold that only hides some."""
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
    for name in ("sam3_resolution", "sam3_int8", "sam3_tile", "keep_threshold", "nms_iou", "max_detections"):
        value = getattr(settings, name)
        if value != Settings.model_fields[name].default:
            yield f"+{name}={value:g}"
    if settings.sam3_tile:
        yield f"/{settings.sam3_tile_overlap:g}"


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
    return Recipe(checkpoint_identity(get_settings()), plan_for(project).concepts)
