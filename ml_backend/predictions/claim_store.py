"""The table `prediction`: who delivers the prediction of a task and model version, and what Label Studio has of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypedDict

from psycopg.types.json import Jsonb

from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one
from argus.labelstudio.regions import count_objects
from argus.labelstudio.types import Region
from argus.settings import get_settings

_SLOW_STORE = 4.0  # a busy Label Studio was seen to take this many times as long to store a prediction


class NewPrediction(TypedDict):
    """A prediction as `/predict` answers with it. `score` is the lowest of its regions, 0-1; None without any."""

    result: list[Region]
    score: float | None
    model_version: str


@dataclass(frozen=True)
class Built:
    """A prediction made from stored detections of `labels` (sorted). `digest` changes when its content does."""

    task_id: int
    result: list[Region]
    score: float | None
    digest: str
    labels: list[str]

    def to_prediction(self, model_version: str) -> NewPrediction:
        """Return the form that `/predict` answers with and the bulk import takes (plus its `task`)."""
        return {"result": self.result, "score": self.score, "model_version": model_version}


class Claim(NamedTuple):
    """The claim on a task and model version.

    Attributes:
        state: "claimed", or "stored" once Label Studio was seen to have the prediction.
        prediction_id: Label Studio's; None until it was read back.
        digest, labels: of what was delivered, as in `Built`; labels None: delivered before they were recorded.
    """

    task_id: int
    model_version: str
    state: str
    claimed_at: datetime
    prediction_id: int | None
    digest: str
    labels: list[str] | None


class OldPrediction(NamedTuple):
    """A prediction of an older recipe."""

    task_id: int
    model_version: str


_COLUMNS = ", ".join(Claim._fields)


def claim(project_id: int, model_version: str, built: Iterable[Built], channel: Literal["predict", "push"]) -> set[int]:
    """Take the right to deliver, and return the tasks for which it was still free. A deleted task is free to nobody.

    Label Studio stores an answer's predictions one by one: the claims of a large answer grow old later.
    """
    rows = [{"task_id": b.task_id, "score": b.score, "regions": count_objects(b.result), "digest": b.digest,
             "labels": b.labels} for b in built]
    grace = _SLOW_STORE * get_settings().predict_store_seconds * len(rows) if channel == "predict" else 0.0
    return set(fetch_numbers(
        "INSERT INTO prediction (task_id, model_version, project_id, channel, claimed_at, score, regions, digest, "
        "labels) SELECT new.task_id, %s, %s, %s, now() + make_interval(secs => %s), new.score, new.regions, "
        "new.digest, new.labels FROM jsonb_to_recordset(%s) AS new (task_id bigint, score real, regions int, "
        "digest text, labels text[]) JOIN task ON task.id = new.task_id ON CONFLICT DO NOTHING RETURNING task_id",
        (model_version, project_id, channel, grace, Jsonb(rows))))


def is_storing(project_id: int) -> bool:
    """Whether Label Studio may be storing an answer of several tasks.

    At its end it counts the predictions of all tasks it had asked for, in one transaction; an import into the same
    project at that moment was seen to end in a deadlock of its database, and a person got an error.
    """
    return fetch_number(
        "SELECT count(*) FROM prediction WHERE project_id = %s AND channel = 'predict' "
        "AND state = 'claimed' AND claimed_at > now() - make_interval(secs => %s)",
        (project_id, get_settings().claim_seconds)) > 1


def claims_of(model_version: str, task_ids: Iterable[int]) -> dict[int, Claim]:
    """Return the claims on these tasks, by task."""
    return {row.task_id: row for row in fetch(
        Claim, f"SELECT {_COLUMNS} FROM prediction WHERE model_version = %s AND task_id = ANY(%s)",
        (model_version, list(task_ids)))}


def lock_claim(model_version: str, task_id: int) -> Claim | None:
    """Return the claim on a task, locked until the transaction ends (`together`)."""
    return fetch_one(Claim, f"SELECT {_COLUMNS} FROM prediction WHERE task_id = %s AND model_version = %s FOR UPDATE",
                     (task_id, model_version))


def confirm(model_version: str, predictions: Mapping[int, int | None]) -> None:
    """Record that Label Studio has these tasks' predictions, and their ids where they were seen."""
    execute("UPDATE prediction SET state = 'stored', prediction_id = coalesce(seen.id, prediction_id) "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS seen (task_id, id) "
            "WHERE prediction.task_id = seen.task_id AND model_version = %s",
            (list(predictions), list(predictions.values()), model_version))


def record_content(model_version: str, built: Built) -> None:
    """Record what a prediction that was updated in place holds now."""
    execute("UPDATE prediction SET digest = %s, score = %s, regions = %s, labels = %s "
            "WHERE task_id = %s AND model_version = %s",
            (built.digest, built.score, count_objects(built.result), built.labels, built.task_id, model_version))


def release(model_version: str, task_ids: Sequence[int]) -> None:
    """Let anyone claim these tasks again."""
    execute("DELETE FROM prediction WHERE model_version = %s AND task_id = ANY(%s)", (model_version, list(task_ids)))


def release_unseen(claim: Claim) -> None:
    """Release a claim Label Studio knows nothing of, unless it is young, or moved on since `claim` was read."""
    execute("DELETE FROM prediction WHERE task_id = %(task_id)s AND model_version = %(model_version)s "
            "AND state = %(state)s AND claimed_at = %(claimed_at)s "
            "AND (state = 'stored' OR claimed_at < now() - make_interval(secs => %(old)s))",
            {**claim._asdict(), "old": get_settings().claim_seconds})


def old_predictions(project_id: int, kept: Sequence[str]) -> list[OldPrediction]:
    """Return a project's predictions of other versions than these."""
    return fetch(OldPrediction, "SELECT task_id, model_version FROM prediction WHERE project_id = %s "
                 "AND model_version <> ALL(%s)", (project_id, list(kept)))


def forget_version(project_id: int, model_version: str) -> None:
    """Forget a version's predictions: Label Studio has them no more."""
    execute("DELETE FROM prediction WHERE project_id = %s AND model_version = %s", (project_id, model_version))


def tasks_to_reshape(project_id: int, model_version: str, most: int) -> list[int]:
    """Return the next tasks, by id, whose predictions are to be brought up to date."""
    return fetch_numbers(
        "SELECT task_id FROM prediction JOIN project ON project.id = project_id WHERE project_id = %s AND "
        "prediction.model_version = %s AND task_id > reshape_after ORDER BY task_id LIMIT %s",
        (project_id, model_version, most))


def reshaped(project_id: int, label_config: str, task_id: int | None) -> None:
    """Record up to which task the predictions have the shapes of this labelling config; None: all have them."""
    execute("UPDATE project SET reshape_after = %s WHERE id = %s AND label_config = %s",
            (task_id, project_id, label_config))
