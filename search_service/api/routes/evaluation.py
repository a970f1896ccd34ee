"""Predictions judged by annotations. The work is `search_service.evaluation.service`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.evaluation import Evaluation
from search_service.api.answering import answers
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.setup import JudgeRequest
from search_service.evaluation import service

blueprint = Blueprint("evaluation", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/evaluation")
@answers
def get_evaluation(project_id: int) -> Evaluation:
    asked = search.read(JudgeRequest, request.args)
    return service.evaluate_in_request(project_id, service.Asked(**asked.model_dump()))
