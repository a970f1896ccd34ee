"""All that is known of a project's labels: samples, certificates, scores by label, and thresholds."""

from __future__ import annotations

from argus.answers import trust
from search_service.review.calibration import reports as calibration
from search_service.review.candidates import open_review
from search_service.review.verification import certificate_store, store
from search_service.review.verification.reports import NOT_VERIFIED, describe


def status(project_id: int) -> trust.TrustStatus:
    """Return a project's samples and certificates, newest first, and what is known of its labels' scores.

    Raises `unknown_project`.
    """
    version = open_review(project_id).model_version
    return trust.TrustStatus(project=project_id, model_version=version,
                             samples=[describe(number) for number in store.sample_ids(project_id)],
                             certificates=certificate_store.summaries(project_id),
                             labels=calibration.labels_of(project_id), sweeps=calibration.sweeps_of(project_id),
                             hints=calibration.hints_of(project_id), labour=calibration.labour(project_id),
                             note=NOT_VERIFIED)
