"""What a person types, and what is made of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from argus.errors import ArgusError
from search_service.search.query_text import EXCLUSION_WEIGHT, Query, combine, parse_query


@pytest.mark.parametrize(("text", "wanted", "excluded"), [
    ("cpu", "cpu", ()),
    ("  Red\tFAN ", "red fan", ()),
    ("cpu -fan", "cpu", ("fan",)),
    ("-fan cpu on a belt", "cpu on a belt", ("fan",)),
    ('cpu -"ram stick" -fan -fan', "cpu", ("ram stick", "fan")),
    ("heat-sink", "heat-sink", ()),
    ('"red fan"', "red fan", ()),
    ("プロセッサ -ファン", "プロセッサ", ("ファン",)),
    ("Lu\u0308fter", "lüfter", ()),
    ("a - b", "a - b", ()),
    ("ＣＰＵ", "cpu", ()), ("ﾌｧﾝ", "ファン", ()), ("cpu？", "cpu?", ()), ("cpu、fan，hdd", "cpu,fan,hdd", ()),
    ("サーバー", "サーバー", ()), ("heat‐sink", "heat-sink", ()), ("worker’s glove", "worker's glove", ()),
])
def test_parse_query(text: str, wanted: str, excluded: tuple[str, ...]) -> None:
    assert parse_query(text) == Query(wanted, excluded)


@pytest.mark.parametrize("dash", ["－", "‐", "‑", "–", "—", "−", "─", "﹣", "ー", "ｰ", "--"])
def test_parse_query__any_dash_excludes(dash: str) -> None:
    assert parse_query(f"cpu {dash}fan") == Query("cpu", ("fan",))
    assert parse_query(f"ＣＰＵ　{dash}ﾌｧﾝ") == Query("cpu", ("ファン",))


@pytest.mark.parametrize("phrase", ["“fan blade”", "„fan blade“", "«fan blade»", "「fan blade」", "『fan blade』",
                                    "｢fan blade｣", "＂fan blade＂", "‘fan blade’", "'fan blade'", "〝fan blade〟"])
def test_parse_query__any_quotes_hold_an_excluded_phrase(phrase: str) -> None:
    assert parse_query(f"cpu -{phrase} hdd") == Query("cpu hdd", ("fan blade",))


@pytest.mark.parametrize(("text", "wanted", "excluded"), [
    ('cpu -"fan blade', "cpu", ("fan blade",)),
    ("cpu -“fan blade", "cpu", ("fan blade",)),
    ("cpu -'fan blade", "cpu", ("fan blade",)),
    ("cpu －「ファン", "cpu", ("ファン",)),
    ('cpu -"fan blade -hdd', "cpu", ("fan blade", "hdd")),
    ('cpu "-fan', "cpu", ("fan",)),
    ('"-fan cpu', "cpu", ("fan",)),
    ('cpu -"fan" hdd -"ram stick', "cpu hdd", ("fan", "ram stick")),
    ('cpu -"" fan', "cpu fan", ()),
])
def test_parse_query__an_open_quote_makes_no_wish_of_an_exclusion(text: str, wanted: str,
                                                                  excluded: tuple[str, ...]) -> None:
    assert parse_query(text) == Query(wanted, excluded)


@pytest.mark.parametrize(("text", "wanted", "excluded"), [
    ("cpu、-fan", "cpu", ("fan",)), ("cpu,-fan", "cpu", ("fan",)), ("cpu -fan、hdd", "cpu", ("fan", "hdd")),
    ("cpu -fan, hdd", "cpu hdd", ("fan",)), ("cpu \u200b-fan", "cpu", ("fan",)), ("\ufeffcpu", "cpu", ()),
    ("cpu -'worker's glove'", "cpu", ("worker's glove",)),
])
def test_parse_query__commas_and_signs_without_a_width(text: str, wanted: str, excluded: tuple[str, ...]) -> None:
    assert parse_query(text) == Query(wanted, excluded)


@pytest.mark.parametrize(("text", "code"), [
    ("", "empty_query"), (" \n", "empty_query"), ("-fan", "empty_query"), ('""', "empty_query"),
    ("－fan", "empty_query"), ('-"fan cpu', "empty_query"), ("\u200b", "empty_query"), ("「」", "empty_query"),
    ("cpu\0", "bad_request"), ("cpu \x1b[1m", "bad_request"), ("c" * 10_000, "bad_request"),
])
def test_parse_query__refuses(text: str, code: str) -> None:
    with pytest.raises(ArgusError) as error:
        parse_query(text)
    assert error.value.code == code


def test_combine__nothing_excluded_leaves_the_vector_alone() -> None:
    wanted = np.array([0.6, 0.8], np.float32)
    np.testing.assert_array_equal(combine(wanted[None], np.empty((0, 2), np.float32)), wanted)


def test_combine__ranks_images_with_the_excluded_thing_last() -> None:
    cpu, fan = np.eye(3, dtype=np.float32)[:2]
    query = combine(cpu[None], fan[None])
    assert np.linalg.norm(query) == pytest.approx(1)
    only_cpu, both, neither = cpu, (cpu + fan) / np.sqrt(2), np.array([0, 0, 1], np.float32)
    assert only_cpu @ query > both @ query > neither @ query
    expected = (1 - EXCLUSION_WEIGHT) / np.sqrt(2) / np.sqrt(1 + EXCLUSION_WEIGHT**2)
    assert both @ query == pytest.approx(expected, abs=1e-6)


def test_combine__several_wanted_terms_count_alike() -> None:
    cpu, fan, other = np.eye(3, dtype=np.float32)
    query = combine(np.stack([cpu, fan]), other[None])
    assert query == pytest.approx(np.array([0.5, 0.5, -EXCLUSION_WEIGHT]) / math.sqrt(0.5 + EXCLUSION_WEIGHT**2))


def test_combine__a_text_is_heard_beside_an_image() -> None:
    """Cosines to the text differ by hundredths and those to the image by tenths: each counts in its own spread."""
    text, image = np.eye(4, dtype=np.float32)[:2]
    sample = np.array([[0.01, 0.3, 0, 0], [-0.01, -0.3, 0, 0]], np.float32)
    said, shown = np.array([0.03, 0.0, 0, 0]), np.array([0.0, 0.3, 0, 0])  # three spreads of the text, one of the image
    even = combine(np.stack([text, image]), np.empty((0, 4), np.float32), sample)
    assert said @ even > shown @ even
    plain = combine(np.stack([text, image]), np.empty((0, 4), np.float32))
    assert said @ plain < shown @ plain
