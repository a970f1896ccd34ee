"""Examples of requests for the description of the API, by operation. A test holds them to the request models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from search_service import run_sources
from search_service.api.schemas import check_first as cr
from search_service.api.schemas import editing as er
from search_service.api.schemas import engine as nr
from search_service.api.schemas import references as fr
from search_service.api.schemas import review as rr
from search_service.api.schemas import search as r
from search_service.api.schemas import setup as sr
from search_service.api.schemas import teaching as gr
from search_service.api.schemas import trust as tr
from search_service.api.schemas import uploads as ur
from search_service.api.schemas import wall as wr

# Values of path and query parameters, wherever they appear.
PARAMETERS: dict[str, Any] = {
    "project_id": 1, "task_id": 17, "run_id": 3, "view_id": 5, "search_id": 12, "saved_id": 2, "acceptance_id": 4,
    "export_id": 6, "sample_id": 3, "certificate_id": 2, "edit_id": 8, "import_id": 3,
    "label_job_id": 4, "evaluation_id": 5, "version": 3, "reference_id": 7,
    "upload_id": "3f2a9c0d5e71486bb0c4d1e8a2f69357",
    "before": 2, "after_task": 0, "tasks": "17,18",
    "label": "cpu", "q": "red fan -cpu", "limit": 50, "offset": 0, "box": "0.25,0.25,0.75,0.75", "size": 320}

# Bodies, by the model that reads them.
BODIES: dict[type[BaseModel], dict[str, Any]] = {
    r.ViewRequest: {"title": "red fans", "query": "red fan", "limit": 50},
    r.AskRequest: {"text": "red fan -cpu", "like": [{"task": 17}], "filters": {"labelled": False}, "limit": 50},
    r.ObjectAskRequest: {"text": "red fan", "like": [{"object": 12}], "filters": {"label": "fan"}, "limit": 50},
    r.SavedRequest: {"name": "Red fans", "ask": {"text": "red fan"}, "keep_view": True},
    r.SavedChange: {"relevance": "possible"},
    r.JudgementRequest: {"query": "red fan", "task": 17, "relevant": True},
    r.Webhook: {"action": "TASKS_CREATED", "project": {"id": 1}},
    run_sources.RunRequest: {"labels": ["cpu"], "search": "cpu", "limit": 50},
    run_sources.PreviewRequest: {"concepts": [{"label": "cpu"}], "search": "cpu", "images": 6},
    rr.RecipeRequest: {"concepts": [{"label": "cpu", "prompts": ["cpu", "processor"], "threshold": 0.5}]},
    nr.EngineRequest: {"engine": "sam3"},
    rr.AcceptRequest: {"min_score": 0.9},
    rr.AdditionsRequest: {"min_score": 0.9},
    rr.PersonRequest: {"token": "a personal access token"},
    rr.BandsRequest: {"high": 0.9, "medium": 0.7},
    rr.SetAsideRequest: {"task": 17, "verdict": "fix"},
    rr.PutBackRequest: {"task": 17},
    er.EditRequest: {"model_version": "argus-3f2a1b", "prediction": 90, "changes": [
        {"object": "5a1f0c2b9d3e", "label": "cpu", "new_label": "fan"}], "added": [
        {"label": "cpu", "box": [0.1, 0.2, 0.3, 0.4]}]},
    er.SegmentRequest: {"points": [{"x": 0.4, "y": 0.6}], "label": "cpu"},
    ur.CutRequest: {"fps": "2"},
    ur.CutRuleRequest: {"fps": "1/5"},
    cr.SuspicionAnswer: {"suspicion": 9, "verdict": "add"},
    cr.SuspicionAnswers: {"answers": [{"suspicion": 9, "verdict": "add"}, {"suspicion": 12, "verdict": "reject"}]},
    cr.SuspicionUndo: {"suspicion": 9},
    cr.CheckFirstKindsRequest: {"on": ["below_threshold", "seen_around", "nothing_found"]},
    tr.SampleRequest: {"edges": [0.9, 0.85], "target": 0.95},
    tr.ClaimRequest: {"limit": 8},
    tr.JudgementsGiven: {"judgements": [{"place": 0, "verdict": "right"}]},
    tr.TakeBackRequest: {"place": 0},
    tr.FrameSampleRequest: {"frames": 60},
    tr.ArmRequest: {"share": 0.03},
    tr.FrameChecked: {"task": 17, "found": 3, "missing": 1},
    tr.AcceptSampleRequest: {"edge": 0.9},
    tr.VerdictRequest: {"task": 17, "verdict": "relabelled", "object": "a1b2c3", "label": "fan"},
    wr.WallJudgeRequest: {"verdict": "wrong", "objects": [{"task": 17, "object": "5a1f0c2b9d3e"}]},
    wr.WallTakeBackRequest: {"verdicts": [31]},
    gr.UseVerifierRequest: {"label": "cpu", "key": "5a1f0c2b9d3e7788"},
    gr.SwitchOffRequest: {"label": "cpu"},
    fr.ReferenceRequest: {"label": "bracket", "task": 17, "box": [12.5, 20, 10, 15]},
    tr.VerdictTakenBack: {"task": 17, "object": "a1b2c3"},
    sr.ConnectRequest: {"project": 1, "dry_run": True},
    sr.SplitsRequest: {"splits": "train,val,test"},
    sr.JudgeRequest: {"model_version": "argus-3f2a1b", "on": "test"},
    sr.LabelImportRequest: {"upload": "3f2a9c0d5e71486bb0c4d1e8a2f69357", "taken": "predictions",
                            "model_version": "yolo11-m"},
    sr.ExportJobRequest: {"format": "yolo", "splits": {"train": 80, "val": 20}},
}
