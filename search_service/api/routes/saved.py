"""Saved searches, judgements of hits, and how good the search is by them."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.base import Deleted
from argus.answers.search import (
    ChangedSearch,
    ForgottenSearch,
    Judged,
    Judgements,
    SavedSearch,
    SavedSearches,
    SearchQuality,
    SearchResult,
)
from search_service.api import rights
from search_service.api.answering import answers
from search_service.api.caller import caller
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.search import evaluation
from search_service.views import saved_searches

blueprint = Blueprint("saved", __name__, url_prefix=f"{API}/projects/<int:project_id>")


@blueprint.get("/saved-searches")
@answers
def get_saved(project_id: int) -> SavedSearches:
    return SavedSearches(saved_searches=saved_searches.listing(project_id))


@blueprint.post("/saved-searches")
@answers
def post_saved(project_id: int) -> tuple[SavedSearch, int, dict[str, str]]:
    asked = search.read_json(search.SavedRequest, request.get_data(), request.content_type or "")
    made = saved_searches.create(project_id, asked.name, asked.ask, size=asked.size, relevance=asked.relevance,
                                 keep_view=asked.keep_view, ranked=asked.ranked)
    return made, 201, {"Location": f"{API}/projects/{project_id}/saved-searches/{made.id}"}


@blueprint.get("/saved-searches/<int:saved_id>")
@answers
def get_one(project_id: int, saved_id: int) -> SavedSearch:
    return saved_searches.get(project_id, saved_id)


@blueprint.patch("/saved-searches/<int:saved_id>")
@answers
def patch_saved(project_id: int, saved_id: int) -> ChangedSearch:
    asked = search.read_json(search.SavedChange, request.get_data(), request.content_type or "")
    return saved_searches.change(project_id, saved_id, asked.changes())


@blueprint.delete("/saved-searches/<int:saved_id>")
@answers
def delete_saved(project_id: int, saved_id: int) -> ForgottenSearch:
    return saved_searches.delete(project_id, saved_id)


@blueprint.get("/saved-searches/<int:saved_id>/hits")
@answers
def get_hits(project_id: int, saved_id: int) -> SearchResult:
    asked = search.read(search.PageRequest, request.args)
    return saved_searches.run(project_id, saved_id, asked.limit, asked.offset)


@blueprint.post("/saved-searches/<int:saved_id>/refresh")
@answers
def post_refresh(project_id: int, saved_id: int) -> SavedSearch:
    return saved_searches.refresh(project_id, saved_id)


@blueprint.get("/judgements")
@answers
def get_judgements(project_id: int) -> Judgements:
    asked = search.read(search.JudgementsRequest, request.args)
    return Judgements(judgements=evaluation.judgements(project_id, asked.query))


@blueprint.post("/judgements")
@answers
def post_judgement(project_id: int) -> Judged:
    asked = search.read_json(search.JudgementRequest, request.get_data(), request.content_type or "")
    return Judged(judged=evaluation.judge(project_id, asked.query, asked.task, asked.relevant))


@blueprint.delete("/judgements")
@answers
def delete_judgements(project_id: int) -> Deleted:
    asked = search.read(search.JudgementsRequest, request.args)
    return Deleted(deleted=evaluation.forget_judgements(
        project_id, asked.query, person=rights.whose(caller(), project_id)))


@blueprint.get("/search-eval")
@answers
def get_evaluation(project_id: int) -> SearchQuality:
    asked = search.read(search.EvaluationRequest, request.args)
    return evaluation.evaluate(project_id, asked.by, asked.cuts())
