"""The operations about datasets: exports, splits, versions, labels that come in, and evaluation."""

from __future__ import annotations

from argus.answers import evaluation as ev
from argus.answers import export as x
from argus.answers import label_import as li
from argus.answers import splits as sp
from argus.answers import versions as vn
from search_service.api.endpoint import Endpoint
from search_service.api.schemas import setup as sr

DATASETS = (
    Endpoint("post", "/api/v1/projects/{project_id}/exports/preview", "What an export would hold.",
             body=sr.ExportJobRequest, answer=x.ExportPreview),
    Endpoint("post", "/api/v1/projects/{project_id}/exports", "Make an export in the background.",
             body=sr.ExportJobRequest, status=201, answer=x.Export),
    Endpoint("get", "/api/v1/projects/{project_id}/exports", "The last exports of a project, newest first.",
             answer=x.Exports),
    Endpoint("get", "/api/v1/projects/{project_id}/splits", "How frames were divided for training.",
             answer=sp.Divisions),
    Endpoint("post", "/api/v1/projects/{project_id}/splits/lock", "Lock the test set of a division.",
             body=sr.SplitsRequest, answer=sp.Divisions),
    Endpoint("post", "/api/v1/projects/{project_id}/splits/unlock", "Unlock the test set.", answer=sp.Divisions),
    Endpoint("post", "/api/v1/projects/{project_id}/splits/reset", "Forget a division: the next export decides anew.",
             body=sr.SplitsRequest, answer=sp.Divisions),
    Endpoint("get", "/api/v1/projects/{project_id}/versions", "The versions of a project's dataset, newest first.",
             answer=vn.Versions),
    Endpoint("get", "/api/v1/projects/{project_id}/versions/{version}", "What a version holds and how it was made.",
             answer=vn.Version),
    Endpoint("get", "/api/v1/projects/{project_id}/versions/{version}/diff", "How a version differs from another.",
             sr.VersionDiffRequest, answer=vn.VersionDiff),
    Endpoint("post", "/api/v1/projects/{project_id}/versions/{version}/lock", "Lock the test set of a version.",
             answer=vn.Version),
    Endpoint("delete", "/api/v1/projects/{project_id}/versions/{version}", "Delete a version and its files.",
             answer=vn.VersionDeleted),
    Endpoint("get", "/api/v1/projects/{project_id}/label-imports", "The last imports of labels, newest first.",
             answer=li.LabelImports),
    Endpoint("post", "/api/v1/projects/{project_id}/label-imports", "Ask what an import of uploaded labels "
             "would write.", body=sr.LabelImportRequest, status=201, answer=li.LabelImportJob),
    Endpoint("get", "/api/v1/projects/{project_id}/label-imports/jobs/{label_job_id}", "How far an import or "
             "undo that was asked for is, and what it would write, or what was undone.", answer=li.PlannedLabelImport),
    Endpoint("post", "/api/v1/projects/{project_id}/label-imports/jobs/{label_job_id}/start", "Begin a planned import, "
             "or again one that failed.", answer=li.LabelImportJob),
    Endpoint("delete", "/api/v1/projects/{project_id}/label-imports/jobs/{label_job_id}", "Cancel an import: what it "
             "wrote is taken back. Or forget one that has ended; what it wrote stays.", answer=li.LabelImportJob),
    Endpoint("post", "/api/v1/label-imports/{import_id}/undo", "Take an import of labels back, in the "
             "background.", status=202, answer=li.LabelImportJob),
    Endpoint("get", "/api/v1/projects/{project_id}/evaluations", "The last evaluations of a project, newest first.",
             answer=ev.Evaluations),
    Endpoint("post", "/api/v1/projects/{project_id}/evaluations", "Judge predictions of any number of images, in the "
             "background.", body=sr.JudgeRequest, status=201, answer=ev.EvaluationJob),
    Endpoint("get", "/api/v1/projects/{project_id}/evaluations/{evaluation_id}", "How far an evaluation is, and what "
             "it found.", answer=ev.EvaluationResult),
    Endpoint("delete", "/api/v1/projects/{project_id}/evaluations/{evaluation_id}", "Cancel an evaluation, or forget "
             "one that has ended.", answer=ev.EvaluationJob),
    Endpoint("get", "/api/v1/projects/{project_id}/evaluation", "Predictions of a model version judged by people's "
             "annotations: AP50, AP50:95, AR, confusions, calibration, and lists of errors.", sr.JudgeRequest,
             answer=ev.Evaluation),
    Endpoint("get", "/api/v1/exports/{export_id}", "How far an export is.", answer=x.Export),
    Endpoint("delete", "/api/v1/exports/{export_id}", "Delete an export, or stop it.", answer=x.Export),
    Endpoint("get", "/api/v1/exports/{export_id}/file", "Download a finished export.", media="application/zip"),
)
