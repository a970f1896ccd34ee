"""Teaching a label: what its examples would make, and using that, switching it off, and going back.

A verifier comes into use with one new model version: the stored detections get their new scores without the model, and
predictions are built anew from them in bulk by the default worker.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime

from argus import audit
from argus.answers import teaching as answers
from argus.db import alone, locks
from argus.errors import ArgusError
from label_studio_config import engine_store, projects
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import recipe_for
from ml_backend.runs import scheduling
from search_service.review import prediction_store
from search_service.review.calibration import outcomes
from search_service.review.teaching import drafts, scoring, store
from search_service.review.teaching.drafts import Draft
from search_service.review.teaching.examples import Collected, TaughtConcept, collect, open_label
from search_service.review.teaching.sentences import line
from search_service.review.teaching.store import VerifierRow
from search_service.review.verification import store as samples
from search_service.review.verification.reports import describe as describe_sample

_LOCK_SECONDS = 60


def overview(project_id: int) -> answers.Teaching:
    """Return how far the labels of a project are taught, by name. Raises `unknown_project`, `bad_label_config`."""
    labels = sorted(concept.label for concept in recipe_for(projects.load(project_id)).concepts)
    return answers.Teaching(project=project_id, labels=[
        _label(of, collect(of)) for of in (open_label(project_id, label) for label in labels)])


def _label(of: TaughtConcept, found: Collected) -> answers.TaughtLabel:
    return answers.TaughtLabel(label=of.label, right=found.right, wrong=len(found.known) - found.right,
                               waiting=found.waiting, gone=found.gone, in_use=of.is_taught)


def show(project_id: int, label: str) -> answers.LabelTeaching:
    """Return how far a label is taught, and what its examples would make now.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `bad_label_config`.
    """
    of = open_label(project_id, label)
    found = collect(of)
    draft, trial = drafts.make(of, found)
    # What was begun last: another change of the recipe waits for the next run and gives no scores before.
    version = projects.load(project_id)["model_version"]
    return answers.LabelTeaching(
        **dict(_label(of, found)), wanted=trial.wanted, line=line(of, found, trial),
        draft=drafts.describe(of, draft) if draft else None,
        states=[_state(one, of.key) for one in store.verifiers(project_id, label, of.source_key)],
        open_samples=open_samples(project_id),
        rebuilding=prediction_store.count_outdated(project_id, version))


def _state(row: VerifierRow, in_use: str) -> answers.VerifierState:
    right = sum(one["right"] for one in row.examples)
    return answers.VerifierState(key=row.key, in_use=row.key == in_use, right=right, wrong=len(row.examples) - right,
                                 figures=answers.VerifierFigures(**row.figures), created_by=row.created_by,
                                 created_at=row.created_at)


def open_samples(project_id: int) -> list[int]:
    """Return the verification samples of the current model version that are being judged."""
    version = projects.load(project_id)["model_version"]
    return sorted(number for number in samples.sample_ids(project_id, version)
                  if describe_sample(number).state == "open")


def use(project_id: int, label: str, key: str, *, end_samples: bool = False) -> answers.LabelTeaching:
    """Let a verifier make the scores of a label: the draft of the examples that are there, or an earlier one.

    Args:
        key: of the draft, or of the earlier state.
        end_samples: although verification samples end by that.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`; `bad_request` for a draft that is not good enough, with what is
            lacking; `conflict` when the examples are others by now, or samples are open.
    """
    with locked(project_id):
        of = open_label(project_id, label)
        kept = {one.key: one for one in store.verifiers(project_id, label, of.source_key)}
        if key not in kept:
            draft = _usable(of, key)
            check_samples(project_id, end_samples)
            who = audit.actor()
            store.keep(project_id, _row(of, draft, who.verified_name), who.person)
        else:
            check_samples(project_id, end_samples)
        scoring.score_all(project_id, store.verifier(project_id, key), of.key)
        _change(project_id, of, key)
    return show(project_id, label)


def draft_key(project_id: int, label: str) -> str:
    """Return the key of the draft of the examples that are there. Raises as `use`."""
    of = open_label(project_id, label)
    return _usable(of, None).key


def switch_off(project_id: int, label: str, *, end_samples: bool = False) -> answers.LabelTeaching:
    """Show the model's own scores of a label again. Raises as `use`; `bad_request` when no verifier is in use."""
    with locked(project_id):
        of = open_label(project_id, label)
        if not of.is_taught:
            raise ArgusError("bad_request", f"No verifier is in use for {label!r}: its scores are the model's own.")
        check_samples(project_id, end_samples)
        _change(project_id, of, "")
    return show(project_id, label)


def _usable(of: TaughtConcept, key: str | None) -> Draft:
    """Return the draft when it may be used and, unless that is None, has this key."""
    found = collect(of)
    draft, trial = drafts.make(of, found)
    if draft is None or not draft.trial.paid:
        raise ArgusError("bad_request", line(of, found, trial), "Say of further objects whether they are it.",
                         wanted=trial.wanted)
    if key is not None and draft.key != key:
        raise ArgusError("conflict", f"The examples of {of.label!r} are others by now and make another verifier.",
                         "Look at what it would change now.", key=draft.key)
    return draft


def _row(of: TaughtConcept, draft: Draft, name: str) -> VerifierRow:
    assert of.model is not None  # without one no crop is embedded
    verifier, held_out = draft.verifier, draft.trial.held_out.tolist()
    examples: list[store.ExampleRow] = [
        {"task": one.said.task_id, "object": one.said.object, "right": one.said.is_right, "held_out": round(chance, 4),
         "box": one.box} for one, chance in zip(draft.used, held_out, strict=True)]
    return VerifierRow(0, of.label, of.source_key, draft.key, of.model.id, verifier.bias, verifier.slope,
                       verifier.weights.tolist(), examples, drafts.figures(draft.trial), name,
                       datetime.now(UTC))


def check_samples(project_id: int, end_samples: bool) -> None:
    """Raise `conflict` when samples are open, unless they may end."""
    if not end_samples and (found := open_samples(project_id)):
        count = "1 open sample" if len(found) == 1 else f"{len(found)} open samples"
        raise ArgusError("conflict", f"This ends {count}: the scores that were judged are no longer shown.",
                         "Judge it to its end first, or say that it may end (end_samples).", samples=found)


def _change(project_id: int, of: TaughtConcept, key: str) -> None:
    """Put a verifier into the recipe ("": none), and let predictions follow."""
    row: ProjectRow = projects.load(project_id)
    used = {label: dict(keys) for label, keys in row["verifiers"].items()}
    own = used.setdefault(of.label, {})
    own.pop(of.source_key, None)
    if key:
        own[of.source_key] = key
    outcomes.remember(project_id)
    engine_store.use_verifiers(project_id, {label: keys for label, keys in used.items() if keys})
    outcomes.remember(project_id)
    scheduling.enqueue_cleanup(project_id)  # builds the predictions anew first


def locked(project_id: int) -> AbstractContextManager[None]:
    """One change at a time of what makes the scores of a project's labels. Raises `conflict` after a minute."""
    return alone(locks.TEACH, project_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"A label of project {project_id} is being taught just now.", "Try again when it is done."))
