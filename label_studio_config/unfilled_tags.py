"""Why a tag of a labelling config is left to people: sentences for those who wonder why it stays empty. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from label_studio_config.tags import ControlTag, LabelConfig

_SHAPES = {"rectangle": "RectangleLabels", "brush": "BrushLabels", "polygon": "PolygonLabels",
           "ellipse": "EllipseLabels"}
# Tags that show a task's data. Each has one of its own kind of regions; ours need an <Image>.
_OBJECTS = ("image", "video", "audio", "audioplus", "text", "hypertext", "paragraphs", "timeseries", "pdf", "chat",
            "table", "list", "html", "reactcode")
_WHOLE_TASK = ("choices", "textarea", "rating", "number", "taxonomy", "datetime", "pairwise", "ranker", "relations")


def why_not_filled(tag: ControlTag, smart_too: bool = False) -> str | None:
    """Return why Argus draws nothing in this control tag; None for tags of which nobody would expect it.

    Args:
        smart_too: also of smart tags, which are there to ask the model something rather than to be filled.
    """
    kind = tag.kind
    if tag.to_name is None or (tag.attributes.get("smart", "").lower() == "true" and not smart_too):
        return None
    if kind in _SHAPES:
        return f"{tag} takes its labels from another tag; Argus fills <{_SHAPES[kind]}>."
    if kind in ("keypoint", "keypointlabels"):
        return f"{tag} marks points, and Argus draws objects with an extent."
    if kind in ("bitmask", "bitmasklabels", "magicwand"):
        return f"{tag} is left to people; Argus writes masks to <BrushLabels>."
    if kind in ("vector", "vectorlabels"):
        return f"{tag} is left to people; Argus writes outlines to <PolygonLabels>."
    if kind.startswith("video") or kind in ("timelinelabels", "timeserieslabels", "hypertextlabels", "paragraphlabels"):
        return f"{tag} marks no part of an image."
    return None


def nothing_to_fill(config: LabelConfig, notes: Sequence[str]) -> str:
    """Return in sentences why there is nothing to fill in the whole config."""
    kinds = config.tags
    shown = [f"<{name}>" for kind, name in kinds.items() if kind in _OBJECTS]
    asked = [f"<{name}>" for kind, name in kinds.items() if kind in _WHOLE_TASK]
    reasons = list(notes) or [why for tag in config.controls if (why := why_not_filled(tag, smart_too=True))]
    if "image" not in kinds:
        reasons.insert(0, f"It shows no image{', only ' + ' and '.join(shown) if shown else ''}.")
    elif not reasons:
        one = "asks" if len(asked) == 1 else "ask"
        about = f": {' and '.join(asked)} {one} about the image as a whole" if asked else ""
        reasons.append(f"It has no such tag{about}.")
    return " ".join(reasons)
