"""SAM 3 engines behind one interface, and detectors of one's own. Importing this loads no torch; loading one does."""

from __future__ import annotations

from argus import detectors
from argus.errors import ArgusError
from argus.settings import Settings
from ml_backend.engines.base import Detections, Engine, Exemplars, Mask, Sam3Engine
from ml_backend.engines.tiling import TilingEngine

__all__ = ["Detections", "Engine", "Exemplars", "Mask", "Sam3Engine", "load_detector", "load_engine"]

SMALLEST_TILE = 128  # pixels


def load_engine(settings: Settings) -> Sam3Engine:
    """Load the configured engine onto its device.

    Raises:
        ArgusError: `model_not_found`, `model_gated`, `model_broken`, `device_unusable`, `missing_package`,
            `bad_setting`.
    """
    if 0 < settings.sam3_tile < SMALLEST_TILE:
        raise ArgusError("bad_setting", f"ARGUS_SAM3_TILE={settings.sam3_tile} is too small to recognise anything.",
                         f"Tiles have {SMALLEST_TILE} pixels or more; 0 makes none.")
    engine = _load(settings)
    if not settings.sam3_tile:
        return engine
    return TilingEngine(engine, settings.sam3_tile, settings.sam3_tile_overlap, settings.nms_iou,
                        settings.max_detections)


def _load(settings: Settings) -> Sam3Engine:
    if settings.sam3_engine == "sam3":
        from ml_backend.engines.meta_engine import MetaEngine

        return MetaEngine.load(settings)
    from ml_backend.engines.transformers_engine import TransformersEngine

    return TransformersEngine.load(settings)


def load_detector(settings: Settings, name: str, outliner: Sam3Engine | None = None) -> Engine:
    """Load the detector of this name onto the workers' device.

    Args:
        outliner: gives the detector's boxes their masks; None for boxes alone.

    Raises:
        ArgusError: `model_not_found`, `model_broken`, `device_unusable`, `missing_package`.
    """
    from ml_backend.engines.detector_engine import DetectorEngine

    return DetectorEngine.load(settings, detectors.find(settings, name), outliner)
