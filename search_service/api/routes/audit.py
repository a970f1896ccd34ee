"""Reading the audit table. Its rows are written by `search_service.api.recording`."""

from __future__ import annotations

from flask import Blueprint, request

from argus import audit
from argus.answers.service import Audit
from search_service.api import rights
from search_service.api.answering import answers
from search_service.api.caller import caller
from search_service.api.requests import API
from search_service.api.schemas import audit as schemas_audit
from search_service.api.schemas import search

blueprint = Blueprint("audit", __name__, url_prefix=API)


@blueprint.get("/audit")
@answers
def get_audit() -> Audit:
    asked = search.read(schemas_audit.AuditRequest, request.args)
    if asks := caller():
        if asked.project is None:
            rights.must_be_admin(asks)
        else:
            asks.check(asked.project)
            rights.must_manage(asks, asked.project)
    return audit.listing(project=asked.project, since=asked.since, who=asked.who, limit=asked.limit,
                         before=asked.before)
