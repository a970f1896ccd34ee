"""What large pictures cost the search service's process, which everybody's pages share: the most it ever took."""

from __future__ import annotations

import base64
import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from argus.jobs import queues
from argus.settings import get_settings
from argus_cli.stack import guard
from argus_cli.stack.stack import Stack
from search_service.sync import progress, tasks
from tests.pictures import plain
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
MOST = 700 * 2**20
SIZES = {24: (6000, 4000), 120: (12_000, 10_000)}  # megapixels: a camera's, and what ARGUS_MAX_IMAGE_PIXELS allows


def large(megapixels: int, form: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    width, height = SIZES[megapixels]
    image = Image.new(mode, (width, height), 0)
    image.paste((Image.linear_gradient("L")).resize((width, 256)).convert(mode), (0, height // 2))
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def models_rest(stack: Stack) -> Iterator[None]:
    """Nobody else decodes meanwhile."""
    with resting(stack, "siglip-worker", "sam3-worker"):
        yield


@pytest.fixture
def service(stack: Stack) -> Callable[..., requests.Response]:
    """A search service that was just started. `service(method, path)` asks it, and again while it is busy."""
    stack.stop("search-service")
    stack.start("search-service")
    url = f"{get_settings().search_service_url}/api/v1"

    def ask(method: str, path: str, **kwargs: Any) -> requests.Response:
        end = time.monotonic() + 300
        while True:
            answer = requests.request(method, url + path, timeout=300, **kwargs)
            if answer.status_code != 503 or time.monotonic() > end:
                return answer
            assert answer.json()["code"] == "busy", answer.text
            time.sleep(int(answer.headers["Retry-After"]))

    return ask


def most_memory(stack: Stack) -> int:
    """Return the most bytes that one of the search service's processes ever held."""
    lines = [line for pid in guard.family({stack.pid("search-service")})
             for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return max(int(line.split()[1]) for line in lines) * 1024


def tasks_of(project: int, count: int) -> list[int]:
    from argus.db import connect

    def rows() -> list[int]:
        tasks.sync_project(project, full=True)
        with connect() as connection:
            return [row["id"] for row in connection.execute("SELECT id FROM task WHERE project_id = %s ORDER BY id",
                                                            (project,))]
    wait_for(lambda: len(rows()) == count, 60)
    return rows()


@pytest.mark.usefixtures("models_rest")
def test_a_picture_of_the_pixel_limit__is_shown_in_bounded_memory_or_refused_clearly(
        stack: Stack, make_project: Callable[..., int], service: Callable[..., requests.Response]) -> None:
    files = {"plain.png": large(120, compress_level=1), "alpha.png": large(120, mode="RGBA", compress_level=1),
             "progressive.jpg": large(120, "JPEG", progressive=True, subsampling=0)}
    plain, alpha, progressive = tasks_of(make_project(("cpu",), list(files.items())), 3)
    for task in (plain, alpha):
        for path in (f"/images/{task}?size=1600", f"/images/{task}/crop?box=0.2,0.2,0.9,0.9&size=800"):
            answer = service("GET", path)
            assert answer.status_code == 200, answer.text
            assert max(Image.open(io.BytesIO(answer.content)).size) == int(path.rsplit("=", 1)[1])
    refused = service("GET", f"/images/{progressive}?size=320")
    assert (refused.status_code, refused.json()["code"]) == (422, "image_too_large")
    assert "ARGUS_PICTURE_MEMORY_MB" in refused.json()["hint"]
    assert most_memory(stack) < MOST, f"{most_memory(stack) / 2**20:.0f} MiB"


@pytest.mark.usefixtures("models_rest")
def test_eight_crops_of_24_megapixels_at_once__each_comes_and_the_process_stays_small(
        stack: Stack, make_project: Callable[..., int], service: Callable[..., requests.Response]) -> None:
    data = {"PNG": large(24, mode="RGBA", compress_level=1), "JPEG": large(24, "JPEG", quality=95)}
    project = make_project(("cpu",), [(f"{i}.{form.lower()}", data[form]) for i in range(4) for form in data])
    paths = [f"/images/{task}/crop?box=0.4,0.4,0.45,0.45" for task in tasks_of(project, 8)]
    together = threading.Barrier(8, timeout=60)

    def crop(path: str) -> int:
        together.wait()
        return service("GET", path).status_code

    with ThreadPoolExecutor(8) as people:
        assert list(people.map(crop, paths)) == [200] * 8
    assert requests.get(f"{get_settings().search_service_url}/livez", timeout=5).ok
    assert most_memory(stack) < MOST, f"{most_memory(stack) / 2**20:.0f} MiB"


@pytest.fixture
def searched(make_project: Callable[..., int], service: Callable[..., requests.Response]) -> int:
    """A project whose one image is embedded."""
    project = make_project(("cpu",), [("one.jpg", plain((90, 120, 60)))])
    wait_for(lambda: tasks_of(project, 1) and progress.sync_progress(project).embedded == 1, 180, pause=0.5)
    return project


def noise(side: int, form: str, **options: Any) -> str:
    """Return a file that cannot be compressed, base64."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)).save(buffer, form, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def test_searches_by_upload_at_once__each_is_answered_and_the_process_stays_small(
        stack: Stack, searched: int, service: Callable[..., requests.Response]) -> None:
    ask = {"like": [{"image": noise(2400, "PNG", compress_level=1)}]}  # 16 MiB
    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(lambda _: service("POST", f"/projects/{searched}/search", json=ask), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 504}, answers[0].text  # 504: a worker that is slow here
    assert most_memory(stack) < MOST, f"{most_memory(stack) / 2**20:.0f} MiB"


def jobs_of_searches() -> set[bytes]:
    """The jobs in the queue server that have no name of their own: what works in the background names its jobs."""
    return {key for key in queues.get_redis().keys("rq:job:*") if re.fullmatch(rb"rq:job:[0-9a-f-]{36}", key)}


def test_25_searches_by_upload__leave_nothing_in_the_queue_server(
        stack: Stack, searched: int, service: Callable[..., requests.Response]) -> None:
    ask, redis = {"like": [{"image": noise(1600, "JPEG", quality=95)}]}, queues.get_redis()  # 4 MiB
    assert service("POST", f"/projects/{searched}/search", json=ask).status_code == 200
    before, most = redis.info("memory")["used_memory"], 0
    keys = jobs_of_searches()
    for _ in range(25):
        assert service("POST", f"/projects/{searched}/search", json=ask).status_code == 200
        most = max(most, redis.info("memory")["used_memory"])
    assert most - before < 8 * 2**20, f"{(most - before) / 2**20:.1f} MiB more"
    assert jobs_of_searches() <= keys
    assert redis.info("memory")["maxmemory"] == get_settings().queue_memory_mb * 2**20
