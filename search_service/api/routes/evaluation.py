"""Predictions judged by annotations. The work is `search_service.evaluation.service`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.evaluation import Evaluation, EvaluationJob, EvaluationResult, Evaluations
from search_service.api.answering import answers
from search_service.api.caller import caller
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.setup import JudgeRequest
from search_service.evaluation import jobs, service

blueprint = Blueprint("evaluation", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/evaluation")
@answers
def get_evaluation(project_id: int) -> Evaluation:
    asked = search.read(JudgeRequest, request.args)
    return service.evaluate_in_request(project_id, service.Asked(**asked.model_dump()))


@blueprint.get("/projects/<int:project_id>/evaluations")
@answers
def list_evaluations(project_id: int) -> Evaluations:
    return jobs.listing(project_id)


@blueprint.post("/projects/<int:project_id>/evaluations")
@answers
def post_evaluation(project_id: int) -> tuple[EvaluationJob, int, dict[str, str]]:
    asked, asks = search.read_json(JudgeRequest, request.get_data(), request.content_type or ""), caller()
    made = jobs.ask(project_id, service.Asked(**asked.model_dump()), asks.person.id if asks else None)
    return made, 201, {"Location": f"{API}/projects/{project_id}/evaluations/{made.id}"}


@blueprint.get("/projects/<int:project_id>/evaluations/<int:evaluation_id>")
@answers
def get_evaluation_job(project_id: int, evaluation_id: int) -> EvaluationResult:
    return jobs.describe(project_id, evaluation_id)


@blueprint.delete("/projects/<int:project_id>/evaluations/<int:evaluation_id>")
@answers
def delete_evaluation(project_id: int, evaluation_id: int) -> EvaluationJob:
    return jobs.cancel(project_id, evaluation_id)
