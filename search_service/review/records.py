"""The record of an acceptance, opened before Label Studio is asked and closed after; and what was said of objects."""

from __future__ import annotations

from argus import audit
from argus.answers.review import Acceptance, SelectionSpec
from argus.errors import ArgusError
from argus.labelstudio.users import Person
from search_service.review import store
from search_service.review.candidates import Review


def open_record(review: Review, selection: SelectionSpec, owner: Person | None) -> int:
    """Begin the record of an acceptance and return its id.

    Args:
        owner: of the token that was lent; None: who acts (`argus.audit`), if that is known.
    """
    name, person = (owner.email, owner.id) if owner else (audit.actor().verified_name, audit.actor().person)
    acceptance = store.open_acceptance(review.project_id, review.model_version, selection, name, person)
    audit.about(f"acceptance {acceptance}")
    return acceptance


def close_record(acceptance: int | None, state: str, error: ArgusError | None) -> None:
    """End the record of an acceptance as "done" or "failed"."""
    store.close_acceptance(acceptance, state, error)


def acceptances(project_id: int, limit: int = 20) -> list[Acceptance]:
    """Return a project's last acceptances, newest first."""
    return [Acceptance.model_validate(row._asdict()) for row in store.acceptances(project_id, limit)]
