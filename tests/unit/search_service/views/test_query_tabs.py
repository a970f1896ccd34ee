"""Which titles of tabs are searches."""

from __future__ import annotations

import pytest

from search_service.views.query_tabs import query_of


@pytest.mark.parametrize(("title", "query"), [
    ("? cpu -fan", "cpu -fan"), ("?cpu", "cpu"), ("  ?  red  fan ", "red fan"), ("search: cpu", "cpu"), ("?", ""),
    ("? elephant ⚠ nothing found", "elephant"), ("? ⚠ say what should be seen", ""), ("? プロセッサ", "プロセッサ"),
    ("Search: cpu", None), ("Review: 90 % and above", None), ("Default", None), ("cpu?", None), ("", None),
    ("research: cpu", None),
    ("？cpu", "cpu"), ("？　ＣＰＵ －ﾌｧﾝ", "CPU -ファン"), ("search：cpu", "cpu"), ("ｓｅａｒｃｈ： cpu", "cpu"),
    ("﹖cpu", "cpu"), ("？elephant ⚠ nothing found", "elephant"), ("Search： cpu", None), ("cpu？", None),
])
def test_query_of(title: str, query: str | None) -> None:
    assert query_of(title) == query
