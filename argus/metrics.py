"""What Prometheus sees of every process. Names are declared here, label values are few: no project, no task, no text.

A process counts what it does itself (requests, calls to Label Studio, images, model batches, jobs). What is true of
the whole installation (queues, workers, tasks, runs) is asked of Redis and PostgreSQL when the web processes are
scraped, so it is right whichever of them is asked.
"""

from __future__ import annotations

import logging

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from argus import queue_names

log = logging.getLogger(__name__)
_SECONDS = (.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)
_OUTCOMES = ("ok", "refused", "unreachable")

REGISTRY = CollectorRegistry()  # ours alone: tests make several applications in one process
ProcessCollector(namespace="argus", registry=REGISTRY)

HTTP = Histogram("argus_http_request_seconds", "Time of a request by service, method and class of status",
                 ["service", "method", "status"], buckets=_SECONDS, registry=REGISTRY)
LABEL_STUDIO = Histogram("argus_label_studio_seconds", "Time of a call to Label Studio by outcome",
                         ["outcome"], buckets=_SECONDS, registry=REGISTRY)
IMAGES = Counter("argus_images", "Images asked of the fetcher by where they came from",
                 ["source"], registry=REGISTRY)
SEARCHES = Counter("argus_searches", "Searches by what was scanned, and why not the filter in memory",
                   ["scanned", "reason"], registry=REGISTRY)
SEARCH_MEMORY = Gauge("argus_search_memory_bytes", "Memory of the filters that searches use", registry=REGISTRY)
JOBS = Histogram("argus_job_seconds", "Time of a job by queue and outcome",
                 ["queue", "outcome"], buckets=(*_SECONDS, 120, 300), registry=REGISTRY)
BATCH = Histogram("argus_model_batch_size", "Images in one pass of a model",
                  ["model"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=REGISTRY)
PER_IMAGE = Histogram("argus_model_image_seconds", "Seconds of a model for one image",
                      ["model"], buckets=(.002, .005, *_SECONDS), registry=REGISTRY)

for _scanned, _reason in (("memory", "none"), ("database", "few_images"), ("database", "memory")):
    SEARCHES.labels(_scanned, _reason)
for _outcome in _OUTCOMES:
    LABEL_STUDIO.labels(_outcome)
for _source in ("cache", "fetched", "failed"):
    IMAGES.labels(_source)
for _queue in (name for role in queue_names.ROLES.values() for name in role):
    for _outcome in ("ok", "failed"):
        JOBS.labels(_queue, _outcome)
for _model in ("siglip", "sam3"):
    BATCH.labels(_model)
    PER_IMAGE.labels(_model)


def model_batch(model: str, images: int, seconds: float) -> None:
    """Count one pass of `model` ("siglip", "sam3" or "detector") over `images` images."""
    if images:
        BATCH.labels(model).observe(images)
        PER_IMAGE.labels(model).observe(seconds / images)
