"""The stages of a frame's way: which functions of each tree they are, and what was written about their calls."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HOOK = Path(__file__).with_name("hook")
# In the order of the way. What a stage calls that is a stage too does not count in it.
STAGES = {
    "digest": "sha256 of the video file",
    "decode": "decode the video",
    "picture": "frames that are taken → RGB",
    "jpeg": "RGB → JPEG",
    "upload": "upload to Label Studio and make tasks, its answers awaited",
    "listing": "sync: list tasks, write rows",
    "duplicates": "near-duplicates: compare hashes and vectors",
    "fetch": "fetch images from Label Studio",
    "cache": "read and write the image cache, sha256",
    "open": "decode the JPEG",
    "dhash": "hash for near-duplicates",
    "embed-resize": "resize for SigLIP 2",
    "embed-model": "model: SigLIP 2",
    "embed-store": "store vectors",
    "embed-wait": "SigLIP's worker waits for decoded images",
    "embed-rest": "SigLIP's worker: the rest of its jobs",
    "resize": "resize for SAM 3",
    "model": "model: SAM 3",
    "masks": "cut masks from the model's output",
    "store": "pack masks, store detections",
    "wait": "SAM 3's worker waits for decoded images",
    "store-wait": "SAM 3's worker waits until detections are stored",
    "rest": "SAM 3's worker: the rest of its jobs",
    "rle": "masks → RLE and polygons, boxes → percent",
    "build": "load detections, hash the prediction",
    "push": "push to Label Studio, its answers awaited",
    "push-rest": "the rest of the push's jobs",
}
MODEL = ("embed-model", "model")
WAITS = ("embed-wait", "wait", "store-wait")  # for what other threads do, which is counted there

_IMPORT = {"_jpeg": "jpeg", "_import_batch": "upload", "video_digest": "digest"}
_IMAGES = {"ImageFetcher.fetch": "cache", "ImageFetcher.download": "fetch", "open_image": "open"}
_ENGINE = {
    "ml_backend.engines.transformers_engine": {"TransformersEngine.detect": "model", "to_pixels": "resize"},
    "ml_backend.engines.postprocess": {"cut_mask": "masks"},
    "transformers.models.siglip.modeling_siglip": {"SiglipModel.get_image_features": "embed-model"},
}
_DUPLICATES = {"dhash": "dhash", "mark": "duplicates"}
_EMBED = {"_embed_batch": "embed-store", "embed": "embed-rest"}
_STORE, _BATCH = {"store": "store"}, {"_collect": "wait", "_await": "store-wait"}
_PUSH = {"build": "build", "_create": "push", "push": "push-rest"}
# Module → function → stage.
THIS_BUILD = _ENGINE | {
    "search_service.frames.sampling": {"_decoded": "decode", "Sampled.image": "picture"},
    "search_service.frames.cutting": {"_jpeg": "jpeg"},
    "search_service.frames.video_import": {"_import_batch": "upload", "video_digest": "digest"},
    "search_service.sync.tasks": {"sync_project": "listing"},
    "search_service.embedding.near_duplicates": _DUPLICATES,
    "argus.images.fetcher": _IMAGES,
    "search_service.embedding.encoder": {"SiglipEncoder.encode_images": "embed-resize",
                                         "SiglipEncoder.prepare": "embed-resize"},
    "search_service.embedding.worker": _EMBED,
    "search_service.embedding.prefetch": {"batches": "embed-wait"},
    "ml_backend.detection.store": _STORE,
    "ml_backend.detection.batch": _BATCH,
    "ml_backend.sam3_worker.detect_jobs": {"detect_next": "rest"},
    "ml_backend.predictions.delivery": _PUSH,
    "ml_backend.predictions.regions": {"build_regions": "rle"},
    "ml_backend.predictions.jobs": {"push_next": "push-rest"},
}
BASELINE = _ENGINE | {
    "search_service.sampling": {"_decoded": "decode", "Sampled.image": "picture"},
    "search_service.frames": _IMPORT,
    "search_service.sync": {"sync_project": "listing"},
    "search_service.near_duplicates": _DUPLICATES,
    "argus.images": _IMAGES,
    "search_service.encoder": {"SiglipEncoder.encode_images": "embed-resize"},
    "search_service.jobs": _EMBED,
    "search_service.fetching": {"batches": "embed-wait"},
    "ml_backend.detections": _STORE,
    "ml_backend.detecting": _BATCH,
    "ml_backend.jobs": {"detect_next": "rest"},
    "ml_backend.deliver": _PUSH,
    "ml_backend.regions": {"build_regions": "rle"},
    "ml_backend.push_jobs": {"push_next": "push-rest"},
}


@dataclass(frozen=True)
class Event:
    """One call: Unix time of its beginning, seconds, and seconds of processor time, of the stage alone."""

    stage: str
    at: float
    seconds: float
    cpu: float


@dataclass
class Spent:
    """What a stage has taken: summed over threads, so that stages side by side come to more than the time passed."""

    calls: int = 0
    seconds: float = 0.0
    cpu: float = 0.0


def variables(functions: dict[str, dict[str, str]], events: Path) -> dict[str, str]:
    """Return what makes a build's processes write into the folder `events`."""
    events.mkdir()
    return {"PYTHONPATH": str(HOOK), "FRAME_WAY_EVENTS": str(events), "FRAME_WAY_FUNCTIONS": json.dumps(functions)}


def read(folder: Path) -> list[Event]:
    found = []
    for file in folder.glob("*.tsv"):
        for line in file.read_text("utf-8").splitlines():
            stage, at, seconds, cpu = line.split("\t")
            found.append(Event(stage, float(at), float(seconds), float(cpu)))
    return found


def spent(events: Iterable[Event], begin: float, end: float) -> dict[str, Spent]:
    """Return what each stage took of the calls that began between two times, in the order of the way."""
    sums: dict[str, Spent] = defaultdict(Spent)
    for event in events:
        if begin <= event.at < end:
            one = sums[event.stage]
            one.calls, one.seconds, one.cpu = one.calls + 1, one.seconds + event.seconds, one.cpu + event.cpu
    return {stage: sums[stage] for stage in STAGES if stage in sums}
