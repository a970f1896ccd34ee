"""The engines of a SAM 3 worker process, SAM 3 and detectors: each loaded once, tried once, then kept."""

from __future__ import annotations

import functools
import logging
import os
import socket
import time

from argus import detectors
from argus.devices import choose_device
from argus.errors import ArgusError
from argus.jobs import self_check
from argus.jobs.self_check import Examined, ModelTest
from argus.settings import get_settings
from argus.ttl_cache import Expiring
from label_studio_config.recipe import Recipe, checkpoint_identity
from ml_backend.engines import Engine, Sam3Engine, load_detector, load_engine
from ml_backend.runs import estimates

log = logging.getLogger(__name__)
_DETECTORS = 2  # kept in memory beside SAM 3, those that were used last
_ABSENT = ("model_not_found", "model_gated")  # codes of a SAM 3 that is not there
AGAIN_SECONDS = 5.0  # a self-test that took longer at the start is not repeated while people may be waiting
_absent = Expiring[str, ArgusError](seconds=60)  # looking for it again takes seconds where the network does not answer


def get_engine() -> Sam3Engine:
    """Return this process's engine, loaded and tested at the first call, and again when the checkpoint was replaced.

    Raises what `load_engine` says.
    """
    identity = checkpoint_identity(get_settings())
    if error := _absent.get(identity):
        raise error
    try:
        return _load(identity)[0]
    except ArgusError as error:
        if error.code not in _ABSENT:
            raise
        told = ArgusError(error.code, f"This needs SAM 3, and the worker has none: {error.message}", error.hint)
        _absent[identity] = told
        raise told from error


@functools.lru_cache(maxsize=1)
def _load(identity: str) -> tuple[Sam3Engine, float]:
    """Return the engine, and the seconds that its self-test took."""
    began = time.monotonic()
    engine = load_engine(get_settings())
    tested = time.monotonic()
    engine.self_test()  # one image, one prompt: the first estimate of a checkpoint that has not worked here yet
    seconds = time.monotonic() - tested
    estimates.record_first(identity, worker_name(), seconds)
    log.info("engine ready", extra={"checkpoint": identity, "seconds": round(time.monotonic() - began, 1)})
    return engine, seconds


def engine_of(recipe: Recipe) -> Engine:
    """Return what looks for a recipe's concepts, loaded and tested at the first call, and again when the detector's
    folder was replaced.

    Raises:
        ArgusError: as `load_engine` and `load_detector`.
    """
    if not recipe.detector:
        return get_engine()
    return _load_detector(recipe.checkpoint, recipe.detector, recipe.masks)


@functools.lru_cache(maxsize=_DETECTORS)
def _load_detector(identity: str, name: str, masks: bool) -> Engine:
    detector = load_detector(get_settings(), name, get_engine() if masks else None)
    tested = time.monotonic()
    detector.self_test()
    estimates.record_first(identity, worker_name(), time.monotonic() - tested)
    log.info("detector ready", extra={"detector": name, "checkpoint": identity})
    return detector


def prepare() -> None:
    """Load SAM 3 before the first job. One that cannot be loaded ends the worker at once; one that is not there does so
    unless there are detectors, which need none."""
    try:
        _load(checkpoint_identity(get_settings()))
    except ArgusError as error:
        if error.code not in _ABSENT or not detectors.names(get_settings()):
            raise
        log.warning("SAM 3 is not there; detectors work without it", extra={"reason": error.message})


def examine() -> Examined:
    """Job of the doctor: how this worker stands, and whether its model passes the test of its start again."""
    def tested() -> ModelTest:
        settings = get_settings()
        engine, seconds = _load(checkpoint_identity(settings))
        device, _ = choose_device(settings.device, settings.dtype)
        fresh = seconds < AGAIN_SECONDS
        if fresh:
            began = time.monotonic()
            engine.self_test()
            seconds = time.monotonic() - began
        return {"checkpoint": settings.sam3_model, "device": str(device), "seconds": seconds, "fresh": fresh}

    return self_check.examine(tested)


@functools.cache
def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
