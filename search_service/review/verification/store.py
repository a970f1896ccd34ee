"""The rows of samples and verdicts."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from argus.answers.trust import Verdict
from argus.db import Connection, connect
from argus.errors import ArgusError
from search_service.review.verification.certificate import Judgement, Sample
from search_service.review.verification.sample import Scope, combined, digest_of, drawn, key_of
from search_service.review.verification.thresholds import Count, Listed, Terms

CLAIM_SECONDS = 60
FIRST = 15  # items of each label that are asked first: a sample of all labels says too little of a rare one
_RANKED = """SELECT place, label, is_right, row_number() OVER (PARTITION BY label ORDER BY place) AS nth
    FROM sample_item WHERE sample_id = %(sample)s AND low >= %(edge)s"""


@dataclass(frozen=True)
class Who:
    """A person as the rows name them: "" and None when nobody is known."""

    name: str
    id: int | None


@dataclass(frozen=True)
class NewItem:
    """A predicted object to put on a list, or a whole frame, which has no label.

    Args:
        box: as fractions of the image's sides.
        others: objects of its task that are not on the list.
    """

    listed: Listed
    label: str
    score: float
    box: Sequence[float]
    others: int = 0


@dataclass(frozen=True)
class Item:
    """An object of a sample at its place."""

    place: int
    new: NewItem


@dataclass(frozen=True)
class Head:
    """A sample without its list; `others`: objects of its tasks that are not on it."""

    id: int
    project: int
    model_version: str
    scope: Scope
    edges: tuple[float, ...]
    target: float
    confidence: float
    digest: str
    seed: str
    objects: int
    tasks: int
    others: int
    created_by: str
    created_at: datetime


def draw(project_id: int, model_version: str, terms: Terms, scope: Scope, items: Sequence[NewItem], who: Who) -> int:
    """Store a list, draw its order, and return the sample's id; the list's digest is written before the seed is."""
    by_key = {key_of(item.listed.task, item.listed.name): item for item in items}
    with connect() as connection:
        row = connection.execute(
            "INSERT INTO sample (project_id, model_version, kind, labels, edges, target, confidence, digest, seed, "
            "objects, tasks, person_id, created_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', %s, %s, %s, %s) "
            "RETURNING id",
            (project_id, model_version, scope.kind, list(scope.labels), list(terms.edges), terms.target,
             terms.confidence, digest_of(by_key), len(by_key), len({item.listed.task for item in items}), who.id,
             who.name)).fetchone()
        assert row is not None
        seed = secrets.token_hex(16)
        connection.execute("UPDATE sample SET seed = %s WHERE id = %s", (seed, row["id"]))
        with connection.cursor() as cursor, cursor.copy(
                "COPY sample_item (sample_id, place, task_id, object, label, score, low, box, others) FROM "
                "STDIN") as copy:
            for place, key in enumerate(drawn(by_key, seed)):
                item = by_key[key]
                copy.write_row((row["id"], place, item.listed.task, item.listed.name, item.label, item.score,
                                item.listed.low, list(item.box), item.others))
    return int(row["id"])


def head(sample_id: int) -> Head:
    """Return a sample without its list. Raises `not_found`."""
    with connect() as connection:
        row = connection.execute(
            "SELECT s.*, (SELECT coalesce(sum(others), 0)::int FROM (SELECT max(others) AS others FROM sample_item "
            "WHERE sample_id = s.id AND s.kind = 'objects' AND s.labels <> '{}' GROUP BY task_id) t) AS others "
            "FROM sample s WHERE id = %s", (sample_id,)).fetchone()
    if row is None:
        raise ArgusError("not_found", f"There is no sample {sample_id}.", "`argus trust status` lists them.")
    return Head(row["id"], row["project_id"], row["model_version"], Scope(row["kind"], tuple(row["labels"])),
                tuple(row["edges"]), row["target"], row["confidence"], row["digest"], row["seed"], row["objects"],
                row["tasks"], row["others"], row["created_by"], row["created_at"])


def sample_ids(project_id: int, model_version: str | None = None) -> list[int]:
    """Return a project's samples, newest first; with `model_version`, of that only."""
    with connect() as connection:
        return [row["id"] for row in connection.execute(
            "SELECT id FROM sample WHERE project_id = %(project)s AND (%(version)s::text IS NULL OR "
            "model_version = %(version)s) ORDER BY id DESC", {"project": project_id, "version": model_version})]


def counts(sample: Head) -> list[Count]:
    """Return what was seen from each threshold up, from high to low, as `thresholds.count` does of the whole list."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT e.edge, count(i.place) AS objects, count(*) FILTER (WHERE i.place < o.first) AS judged, "
            "count(*) FILTER (WHERE i.place < o.first AND NOT i.is_right) AS wrong, "
            "count(i.place) FILTER (WHERE w.task_id IS NULL) AS accepted "
            "FROM unnest(%(edges)s::float8[]) WITH ORDINALITY AS e (edge, step) CROSS JOIN LATERAL ("
            "SELECT coalesce(min(place), 2147483647) AS first FROM sample_item "
            "WHERE sample_id = %(sample)s AND low >= e.edge AND is_right IS NULL) o "
            "LEFT JOIN sample_item i ON i.sample_id = %(sample)s AND i.low >= e.edge "
            "LEFT JOIN (SELECT DISTINCT task_id FROM sample_item WHERE sample_id = %(sample)s AND NOT is_right) w "
            "USING (task_id) GROUP BY e.step, e.edge ORDER BY e.step",
            {"sample": sample.id, "edges": list(sample.edges)}).fetchall()
    return [Count(row["edge"], row["objects"], row["judged"], row["wrong"], row["accepted"]) for row in rows]


def judged_prefix(sample_id: int, edge: float) -> list[tuple[int, bool, int]]:
    """Return what was judged from a threshold up, as `thresholds.course` takes it."""
    with connect() as connection:
        return [(row["task_id"], row["is_right"], row["of_task"]) for row in connection.execute(
            "WITH first AS MATERIALIZED (SELECT coalesce(min(place), 2147483647) AS open FROM sample_item "
            "WHERE sample_id = %(sample)s AND low >= %(edge)s AND is_right IS NULL) "
            "SELECT i.task_id, i.is_right, (SELECT count(*) FROM sample_item o WHERE o.sample_id = i.sample_id AND "
            "o.task_id = i.task_id) AS of_task FROM sample_item i, first "
            "WHERE i.sample_id = %(sample)s AND i.low >= %(edge)s AND i.place < first.open ORDER BY i.place",
            {"sample": sample_id, "edge": edge})]


def claim(sample_id: int, edge: float, limit: int, claimant: str) -> tuple[list[Item], int]:
    """Return the next objects from a threshold up that nobody has judged and nobody else was given just now: the first
    of each label, then the others.

    Also how many somebody else was given.
    """
    with connect() as connection:
        rows = connection.execute(
            f"WITH first AS MATERIALIZED (SELECT place FROM ({_RANKED}) r WHERE nth <= %(first)s "
            "AND is_right IS NULL), next AS MATERIALIZED ("
            "SELECT place, place NOT IN (SELECT place FROM first) AS later FROM sample_item "
            "WHERE sample_id = %(sample)s AND low >= %(edge)s AND is_right IS NULL AND (claimed_until IS NULL "
            "OR claimed_until < now() OR claimed_by = %(claimant)s) ORDER BY later, place LIMIT %(limit)s "
            "FOR UPDATE SKIP LOCKED) "
            "UPDATE sample_item i SET claimed_by = %(claimant)s, "
            "claimed_until = now() + make_interval(secs => %(secs)s) FROM next "
            "WHERE i.sample_id = %(sample)s AND i.place = next.place RETURNING i.*, next.later",
            {"claimant": claimant, "secs": CLAIM_SECONDS, "sample": sample_id, "edge": edge, "limit": limit,
             "first": FIRST}).fetchall()
        others = connection.execute(
            "SELECT count(*) AS n FROM sample_item WHERE sample_id = %s AND low >= %s AND is_right IS NULL "
            "AND claimed_until >= now() AND claimed_by <> %s", (sample_id, edge, claimant)).fetchone()
    assert others is not None
    found = [Item(row["place"], NewItem(Listed(row["task_id"], row["object"], row["low"]), row["label"], row["score"],
                                        row["box"]))
             for row in sorted(rows, key=lambda row: (row["later"], row["place"]))]
    return found, others["n"]


def first_of_labels(sample_id: int, edge: float) -> list[tuple[str, int, int, int]]:
    """Return of each label its objects from a threshold up, and of its first `FIRST` those judged, and those wrong.

    Nothing of frames, which have no label.
    """
    with connect() as connection:
        return [(row["label"], row["objects"], row["judged"], row["wrong"]) for row in connection.execute(
            "SELECT label, count(*) AS objects, count(is_right) FILTER (WHERE nth <= %(first)s) AS judged, count(*) "
            f"FILTER (WHERE nth <= %(first)s AND NOT is_right) AS wrong FROM ({_RANKED}) r WHERE label <> '' "
            "GROUP BY label ORDER BY 1",
            {"sample": sample_id, "edge": edge, "first": FIRST})]


def judge(sample: Head, given: Iterable[tuple[int, Verdict, float | None]], who: Who) -> None:
    """Store judgements of places; a verdict that the same person has given already is not stored twice."""
    with connect() as connection:
        connection.execute("SELECT 1 FROM sample WHERE id = %s FOR UPDATE", (sample.id,))
        for place, verdict, seconds in given:
            connection.execute(
                "INSERT INTO verdict (project_id, model_version, task_id, object, label, score, verdict, sample_id, "
                "place, person_id, decided_by, seconds) "
                "SELECT %(project)s, %(version)s, task_id, object, label, score, %(verdict)s, sample_id, place, "
                "%(person)s, %(name)s, %(seconds)s FROM sample_item i "
                "WHERE sample_id = %(sample)s AND place = %(place)s AND NOT EXISTS (SELECT 1 FROM verdict v WHERE "
                "v.sample_id = i.sample_id AND v.place = i.place AND v.taken_back_at IS NULL AND "
                "v.verdict = %(verdict)s AND v.person_id IS NOT DISTINCT FROM %(person)s AND v.decided_by = %(name)s)",
                {"project": sample.project, "version": sample.model_version, "sample": sample.id, "place": place,
                 "verdict": verdict, "person": who.id, "name": who.name, "seconds": seconds})
            _combine(connection, sample, place, who)


def take_back(sample: Head, place: int | None, who: Who) -> int | None:
    """Take back a person's verdicts on a place, or on the one they judged last; return the place, None without any."""
    with connect() as connection:
        connection.execute("SELECT 1 FROM sample WHERE id = %s FOR UPDATE", (sample.id,))
        last = connection.execute(
            "SELECT place FROM verdict WHERE sample_id = %(sample)s AND taken_back_at IS NULL AND person_id IS NOT "
            "DISTINCT FROM %(person)s AND decided_by = %(name)s AND (%(place)s::int IS NULL OR place = %(place)s) "
            "ORDER BY id DESC LIMIT 1",
            {"sample": sample.id, "person": who.id, "name": who.name, "place": place}).fetchone()
        if last is None:
            return None
        connection.execute(
            "UPDATE verdict SET taken_back_at = clock_timestamp() WHERE sample_id = %s AND place = %s AND "
            "taken_back_at IS NULL AND person_id IS NOT DISTINCT FROM %s AND decided_by = %s",
            (sample.id, last["place"], who.id, who.name))
        _combine(connection, sample, last["place"], who)
    return int(last["place"])


def _combine(connection: Connection, sample: Head, place: int, who: Who) -> None:
    """Let a place's item say what its verdicts come to, and put its task aside while that is wrong.

    A frame that is not empty has nothing to reject: it is to be fixed.
    """
    given = [cast(Verdict, row["verdict"]) for row in connection.execute(
        "SELECT verdict FROM verdict WHERE sample_id = %s AND place = %s AND taken_back_at IS NULL",
        (sample.id, place))]
    right = combined(given)
    connection.execute("UPDATE sample_item SET is_right = %s WHERE sample_id = %s AND place = %s",
                       (right, sample.id, place))
    if right is False:
        connection.execute(
            "INSERT INTO set_aside (task_id, project_id, model_version, object, verdict, decided_by, sample_id) "
            "SELECT i.task_id, %s, %s, i.object, CASE i.object WHEN '' THEN 'fix' ELSE %s END, %s, i.sample_id "
            "FROM sample_item i JOIN task t ON t.id = task_id WHERE i.sample_id = %s AND i.place = %s "
            "ON CONFLICT (task_id, model_version, object) DO NOTHING",
            (sample.project, sample.model_version, "rejected" if "wrong" in given else "fix", who.name, sample.id,
             place))
    else:
        connection.execute(
            "DELETE FROM set_aside a USING sample_item i WHERE i.sample_id = %s AND i.place = %s AND "
            "a.task_id = i.task_id AND a.object = i.object AND a.sample_id = i.sample_id", (sample.id, place))


def judgements(sample_id: int) -> list[Judgement]:
    """Return the judgements of a sample that were not taken back, in the order they were given."""
    with connect() as connection:
        return [Judgement(row["place"], row["verdict"], row["decided_by"], row["decided_at"].isoformat())
                for row in connection.execute(
                    "SELECT place, verdict, decided_by, decided_at FROM verdict WHERE sample_id = %s "
                    "AND taken_back_at IS NULL ORDER BY id", (sample_id,))]


def whole(sample: Head) -> Sample:
    """Return a sample with its list, sorted by key."""
    with connect() as connection:
        found = sorted((Listed(row["task_id"], row["object"], row["low"]) for row in connection.execute(
            "SELECT task_id, object, low FROM sample_item WHERE sample_id = %s", (sample.id,))),
            key=lambda listed: (listed.task, listed.name))
    return Sample(sample.id, sample.project, sample.model_version, sample.created_at.isoformat(), sample.seed,
                  sample.target, sample.confidence, sample.edges, tuple(found), sample.scope)
