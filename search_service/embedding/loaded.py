"""What a SigLIP worker keeps between jobs: its checkpoint, and during a change of checkpoint the former one."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from argus.errors import ArgusError, is_outage
from argus.settings import get_settings
from search_service.embedding.encoder import Pixels, SiglipEncoder
from search_service.embedding.prefetch import FETCHERS
from search_service.vectors import model_change, store

log = logging.getLogger(__name__)


@dataclass
class Worker:
    """What the process keeps between jobs. While the model changes, `former` is the one that searches still use."""

    encoder: SiglipEncoder
    model: store.Model
    fetchers: ThreadPoolExecutor
    former: tuple[SiglipEncoder, store.Model] | None = None
    batch: int = 1  # grows to what fits in SLICE_SECONDS
    embedded_at: float = 0.0  # monotonic
    changed_at: float | None = None  # monotonic; when this process saw that searches use `model`

    def loaded(self) -> list[tuple[SiglipEncoder, store.Model]]:
        return [(self.encoder, self.model), *([self.former] if self.former else [])]

    def prepare(self, image: Image.Image) -> Image.Image | Pixels:
        """Return what the checkpoint needs of an image; the image itself while there are two, which may differ."""
        return image if self.former else self.encoder.prepare(image)

    def encoder_of(self, model_id: int | None) -> SiglipEncoder:
        """Return the encoder of a registered model (None: of this worker's own). Raises `not_ready`."""
        for encoder, model in self.loaded():
            if model_id in (None, model.id):
                return encoder
        raise ArgusError("not_ready", "The SigLIP worker uses another checkpoint than searches do.",
                         "Restart the workers; give all processes the same ARGUS_SIGLIP_MODEL.")


_worker: Worker | None = None


def prepare() -> None:
    """Load the checkpoint and register it. Called once, before the worker's first job.

    Another checkpoint than the one that searches use becomes the next one: both are loaded until every image has a
    vector of it. If the old one cannot be loaded any more, searches change over at once.
    """
    global _worker
    encoder = _load(get_settings().siglip_model)
    model = store.register_model(encoder.name, encoder.revision, encoder.dim)
    _worker = Worker(encoder, model, ThreadPoolExecutor(FETCHERS, "fetch"))
    if current := model_change.adopt(model, _source(get_settings().siglip_model)):
        try:
            _worker.former = _load_again(current), current
            log.info("the checkpoint changed: images are embedded again, searches use the old one until then",
                     extra={"old": current.name, "new": model.name})
        except ArgusError as error:
            if error.code == "model_host_busy" or is_outage(error):
                raise  # it may be had later
            waiting = model_change.make_current(model)
            log.warning("the checkpoint changed, and the old one cannot be loaded any more",
                        extra={"old": current.name, "new": model.name, "tasks": waiting, "error": error.message})
    log.info("encoder ready", extra={"model": encoder.name, "revision": encoder.revision, "device": str(encoder.device),
                                     "dtype": str(encoder.dtype), "dim": encoder.dim})


def _load(source: str) -> SiglipEncoder:
    settings = get_settings()
    return SiglipEncoder(source, settings.device, settings.dtype, settings.torch_threads)


def _source(model: str) -> str:
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _load_again(model: store.Model) -> SiglipEncoder:
    """Return the encoder of a model registered earlier. Raises `model_not_found` when it has changed since."""
    source, revision = model_change.source_of(model)
    encoder = _load(source) if source else None
    if encoder is None or encoder.revision != revision:
        raise ArgusError("model_not_found", f"The checkpoint {model.name} has changed since.")
    return encoder


def prepared() -> Worker:
    """Return what this process has loaded, and load it where a job comes before `prepare`."""
    if _worker is None:
        prepare()
    assert _worker is not None
    return _worker
