"""What the route of the audit table takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from search_service.search.fields import Request
from search_service.search.filters import without_nul


class AuditRequest(Request):
    """Which rows of the audit table, newest first."""

    project: Annotated[int, Field(ge=1, lt=2**63)] | None = Field(None, description="Only of this project.")
    since: AwareDatetime | None = Field(None, description="None older than this, as 2026-11-28T09:00:00Z.")
    who: Annotated[str, Field(max_length=320), AfterValidator(without_nul)] | None = Field(
        None, description="Only by this e-mail, or `service`.")
    limit: int = Field(50, ge=1, le=500, description="Rows to return.")
    before: Annotated[int, Field(ge=1, lt=2**63)] | None = Field(None, description="`next` of the page before.")
