"""Which model looks for a project's labels, chosen by people: SAM 3, or a detector of their own.

Both have a recipe and a model version, and predictions of both stay side by side. Runs, review and views are of the one
that is chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from argus import detectors
from argus.answers.base import Error
from argus.answers.engine import EngineChange, EngineName, KnownDetector, LabelClasses, ProjectEngine
from argus.checkpoints import is_missing_folder
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from argus.labelstudio.filters import chunks
from argus.settings import get_settings
from label_studio_config import engine_store, projects
from label_studio_config.class_mapping import DetectorChoice, by_name, classes_of, left
from label_studio_config.connect import ensure_model_version
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import other_version, plan_for, recipe_for
from ml_backend.runs import scheduling, store

_CHECKED = 100  # tasks of one job


def describe_engine(project_id: int) -> ProjectEngine:
    """Return which model looks for the project's labels, and which detectors there are.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`.
    """
    return _describe(projects.load(project_id))


def change_engine(project_id: int, engine: EngineName, *, detector: str | None = None, masks: bool | None = None,
                  classes: Mapping[str, Sequence[str] | None] | None = None, dry_run: bool = False) -> EngineChange:
    """Choose the model that looks for a project's labels. Nothing is computed: the next run does that.

    Args:
        detector: its folder's name; None: the one that was chosen last.
        masks: whether SAM 3 gives its boxes masks; None: as before.
        classes: the detector's classes by label; None for a label: those of its name. Other labels stay as they are.
        dry_run: change nothing and only tell how it would be.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `unknown_label`, `model_broken`; `model_not_found` when the
            folder of the detector that was chosen last is gone; `bad_request` for an unknown detector, for classes that
            the detector does not have or that two labels share, and for masks that SAM 3 cannot make as it is set up.
    """
    old = projects.load(project_id)
    new: ProjectRow = {**old, "engine": engine}
    if engine == "detector" or detector is not None or masks is not None or classes:
        new["detector"] = _choice(old, detector, masks, classes or {})
    recipe = recipe_for(new)
    if not dry_run:
        recipe.require([c.label for c in recipe.concepts])
        predicted = store.predicted_tasks(project_id, recipe.model_version)
        engine_store.choose(new, shown=bool(predicted))
        if recipe.model_version != old["model_version"]:
            _show(project_id, recipe.model_version, predicted)
    return EngineChange(**dict(_describe(new)), again=len(store.outdated_tasks(project_id, recipe)), dry_run=dry_run)


def _show(project_id: int, model_version: str, tasks: Sequence[int]) -> None:
    """Let Label Studio look at the predictions of a version, if there are any, and tell their suspicions anew: the
    other model may have looked at more since."""
    if tasks:
        ensure_model_version(get_label_studio(), project_id, model_version)
    for some in chunks(tasks, _CHECKED):
        scheduling.enqueue_check(project_id, some)


def _choice(project: ProjectRow, detector: str | None, masks: bool | None,
            classes: Mapping[str, Sequence[str] | None]) -> DetectorChoice:
    before = project["detector"]
    name = detector if detector is not None else before["name"] if before else ""
    there = detectors.names(get_settings())
    if not name or (detector is not None and detector not in there):
        raise ArgusError("bad_request", f"There is no detector {name!r}." if name else "No detector was named.",
                         f"There are: {', '.join(there) or 'none; put a folder into ARGUS_DETECTORS'}.")
    found = detectors.find(get_settings(), name)
    asked = masks if masks is not None else bool(before and before["masks"])
    if asked:
        _check_masks()
    # What people said of the classes of another detector holds for this one's classes of the same names.
    mapping = dict(before["mapping"]) if before else {}
    plan = plan_for(project)
    for label, names in classes.items():
        label = plan.concept(label).label
        mapping.pop(label, None)
        if names is not None:
            mapping[label] = _known(label, names, found)
    _check_shared([c.label for c in plan.concepts], mapping)
    return {"name": name, "digest": found.digest, "classes": list(found.class_names), "masks": asked,
            "mapping": mapping}


def _check_masks() -> None:
    settings = get_settings()
    if settings.sam3_engine != "transformers" or settings.sam3_resolution:
        raise ArgusError("bad_request", "SAM 3 cannot give a detector's boxes masks as it is set up here.",
                         "It needs ARGUS_SAM3_ENGINE=transformers and ARGUS_SAM3_RESOLUTION=0.")
    if is_missing_folder(settings.sam3_model):
        raise ArgusError("bad_request", "The masks in a detector's boxes are SAM 3's, and there is none here: there is "
                         f"no folder {settings.sam3_model}.", "Set ARGUS_SAM3_MODEL, or leave the masks out.")


def _known(label: str, names: Sequence[str], found: detectors.DetectorFolder) -> list[str]:
    if unknown := [name for name in names if name not in found.class_names]:
        raise ArgusError("bad_request", f"The detector {found.name!r} has no class {unknown[0]!r}, which {label!r} is "
                         "to be found by.", f"Its classes: {', '.join(found.class_names[:50])}.")
    return list(dict.fromkeys(names))


def _check_shared(labels: Sequence[str], mapping: Mapping[str, Sequence[str]]) -> None:
    users = Counter(name for label in labels for name in mapping.get(label, ()))
    if shared := [name for name, count in users.items() if count > 1]:
        raise ArgusError("bad_request", f"The class {shared[0]!r} stands for two labels: each object of it would be "
                         "found twice.", "Give it to one of them.")


def _describe(project: ProjectRow) -> ProjectEngine:
    choice, labels = project["detector"], [c.label for c in plan_for(project).concepts]
    known = [_detector(name) for name in detectors.names(get_settings())]
    classes = next((one.classes for one in known if choice and one.name == choice["name"] and one.error is None),
                   choice["classes"] if choice else [])
    said = choice["mapping"] if choice else {}
    mapping, named = classes_of(labels, classes, said), by_name(labels, classes)
    return ProjectEngine(
        engine=project["engine"], detector=choice["name"] if choice else "",
        masks=bool(choice and choice["masks"]), model_version=recipe_for(project).model_version,
        other_version=other_version(project), detectors=known,
        mapping=[LabelClasses(label=label, classes=mapping[label], by_name=named[label], changed=label in said)
                 for label in labels] if choice else [],
        unused_classes=left(classes, mapping))


def _detector(name: str) -> KnownDetector:
    try:
        found = detectors.find(get_settings(), name)
    except (ArgusError, OSError) as error:
        ours = error if isinstance(error, ArgusError) else ArgusError(
            "model_broken", f"The folder of the detector {name!r} cannot be read.", "May this process read it?")
        return KnownDetector(name=name, architecture="", classes=[], error=Error(**ours.to_json()))
    return KnownDetector(name=name, architecture=found.architecture, classes=list(found.class_names), error=None)
