"""Patterns that read text from outside take linear time: nobody stops a process with a title, a name or a config."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest

from argus.errors import ArgusError
from argus.labelstudio.task_data import data_value
from label_studio_config.label_config import parse_label_config
from search_service.export.files import file_stem
from search_service.export.splits import parse_splits
from search_service.search import query_text
from search_service.views import query_tabs


def config(value: str) -> object:
    return parse_label_config(f'<View><Image name="image" value="${value}"/></View>', default_threshold=0)


READERS: dict[str, tuple[Callable[[str], object], list[str]]] = {
    "title of a tab": (query_tabs.query_of, [" ", "?", "search:", "⚠", "? ⚠", "\n"]),
    "query": (query_text._EXCLUDED.findall, [" ", "-", " -", ' -"', '"', ' -"a', " -a"]),
    "key of a task": (lambda text: data_value({}, text), [".", "[", "a", "a.", "[0]", "]"]),
    "name of a file": (file_stem, ["/", ".", "a", "?d=", "%2F", " ", "a.", "é"]),
    "shares of splits": (parse_splits, ["a", "a=", " ", "=", "a =", "1", "a=1."]),
    "label config": (config, ["a", "a.", "[0]", "-", ".", " "])}


@pytest.mark.parametrize(("reader", "beginning"),
                         [(name, one) for name, (_, beginnings) in READERS.items() for one in beginnings])
def test_linear(reader: str, beginning: str) -> None:
    text = (beginning * 200_000)[:200_000]
    began = time.process_time()
    with contextlib.suppress(ArgusError):
        READERS[reader][0](text)
    assert time.process_time() - began < 0.5  # of the process: a busy machine does not lengthen it
