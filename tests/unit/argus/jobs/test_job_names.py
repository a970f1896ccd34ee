"""The list of jobs names what our processes ask for, no more and no less, and each of them exists."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import redis
from rq.serializers import JSONSerializer

from argus.jobs.job_names import JOBS, RENAMED, OurJob, RefusedJob

ROOT = Path(__file__).parents[4]
PACKAGES = ("argus", "argus_cli", "ml_backend", "search_service", "label_studio_config", "demo", "benchmarks")
ASKING = {"enqueue", "call", "schedule", "enqueue_in", "enqueue_call", "NewJob", "_ask"}


def asked_for() -> set[str]:
    """Return every dotted name of ours that stands as text where a job is asked for, or in a table of such names."""
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                call = isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ASKING
                table = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMINE"
                if call or table:
                    texts = {text.value for text in ast.walk(node) if isinstance(text, ast.Constant)
                             and isinstance(text.value, str)}
                    found |= {text for text in texts if re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+){2,}", text)}
    return found


def test_every_job_that_is_asked_for_is_in_the_list() -> None:
    assert asked_for() == JOBS


@pytest.mark.parametrize("name", sorted(JOBS))
def test_every_job_exists(name: str) -> None:
    module, _, function = name.rpartition(".")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("old", "arguments"), [
    ("ml_backend.jobs.detect_next", [7]), ("ml_backend.push_jobs.push_next", [7]),
    ("ml_backend.push_jobs.push_tasks", [7, [1, 2]]), ("ml_backend.push_jobs.remove_old_versions", [7]),
    ("search_service.exports.run", [7]), ("search_service.indexes.update", [7, 1]),
    ("search_service.jobs.embed", [7, [1, 2]]), ("search_service.saved.refresh_job", [7, 1]),
    ("search_service.tabs.fill", [7])])
def test_a_job_that_an_older_version_left__is_todays_with_its_arguments(old: str, arguments: list[Any]) -> None:
    job = left(old, arguments)
    assert f"{job.func.__module__}.{job.func.__name__}" == RENAMED[old]
    inspect.signature(job.func).bind(*job.args, **job.kwargs)
    assert job.args == arguments


def test_a_job_that_an_older_version_left__is_refused_when_it_is_none_of_these() -> None:
    with pytest.raises(RefusedJob):
        _ = left("search_service.exports.remove", [7]).func


def left(name: str, arguments: list[Any]) -> OurJob:
    """Return a job as a worker reads it."""
    job = OurJob("left", connection=redis.Redis(), serializer=JSONSerializer)
    job.data = JSONSerializer.dumps([name, None, arguments, {}])
    return job
