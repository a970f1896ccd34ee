"""SAM 3 engines behind one interface. Importing this loads no torch; `load_engine` does."""

from __future__ import annotations

from argus.settings import Settings
from ml_backend.engines.base import Detections, Exemplars, Mask, Sam3Engine

__all__ = ["Detections", "Exemplars", "Mask", "Sam3Engine", "load_engine"]


def load_engine(settings: Settings) -> Sam3Engine:
    """Load the configured engine onto its device.

    Raises:
        ArgusError: `model_not_found`, `model_gated`, `model_broken`, `device_unusable`, `missing_package`.
    """
    if settings.sam3_engine == "sam3":
        from ml_backend.engines.meta_engine import MetaEngine

        return MetaEngine.load(settings)
    from ml_backend.engines.transformers_engine import TransformersEngine

    return TransformersEngine.load(settings)
