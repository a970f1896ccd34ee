"""How often a search and a chunk go to the servers: a trip that comes back in costs every one of them its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.trips import trips_of

pytestmark = pytest.mark.integration


def test_a_search_and_the_end_of_a_chunk_ask_each_server_no_oftener_than_they_must() -> None:
    trips = trips_of(Path(__file__).parents[3])
    # The history is a transaction of its own: a database that takes no writes fails it alone, not the search.
    assert trips["search"]["postgresql"] <= 7 and trips["search"]["queue"] == 0
    assert trips["its end"]["postgresql"] <= 4 and trips["its end"]["queue"] <= 2
    assert trips["chunk"]["postgresql"] <= 17
