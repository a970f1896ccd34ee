"""The rows of certificates."""

from __future__ import annotations

from typing import Literal

from argus.answers.trust import Certificate, CertificateSummary, LaterCorrections
from argus.db import Connection, connect
from search_service.review.verification import certificate as certificates
from search_service.review.verification import later_store

State = Literal["valid", "void", "refuted"]


def keep_certificate(made: Certificate) -> CertificateSummary:
    """Store a certificate; one that says the same already is returned instead."""
    with connect() as connection:
        for_this = [summary for summary in _summaries(connection, made.project, made.sample)
                    if summary.state != "void" and summary.edge == made.edge
                    and summary.acceptances == made.acceptances and summary.sentence == made.sentence]
        if for_this:
            return for_this[0]
        connection.execute(
            "INSERT INTO certificate (project_id, sample_id, edge, acceptances, body, digest) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (made.project, made.sample, made.edge, made.acceptances, certificates.written(made), made.digest))
        return _summaries(connection, made.project, made.sample)[0]


def summaries(project_id: int, sample_id: int | None = None) -> list[CertificateSummary]:
    """Return a project's certificates, newest first; with `sample_id`, of that sample only."""
    with connect() as connection:
        return _summaries(connection, project_id, sample_id)


def _summaries(connection: Connection, project_id: int, sample_id: int | None) -> list[CertificateSummary]:
    later = {one.id: LaterCorrections(corrected=one.corrected, allowed=one.allowed, tasks=one.tasks)
             for one in later_store.standings(project_id) if one.corrected}
    return [CertificateSummary(id=row["id"], sample=row["sample_id"], edge=row["edge"], acceptances=row["acceptances"],
                               state=row["state"], reason=row["reason"], digest=row["digest"],
                               issued_at=row["issued_at"], people=row["people"], later=later.get(row["id"]),
                               **row["said"])
            for row in connection.execute(
        "WITH read AS MATERIALIZED (SELECT *, body::jsonb AS made FROM certificate WHERE project_id = %(project)s "
        "AND (%(sample)s::bigint IS NULL OR sample_id = %(sample)s)) SELECT *, jsonb_build_object("
        "'sentence', made -> 'sentence', 'kind', coalesce(made -> 'kind', '\"objects\"'), "
        "'labels', coalesce(made -> 'labels', '[]'), 'accepted_objects', made -> 'accepted_objects', "
        "'other_objects', coalesce(made -> 'other_objects', '0'), 'least_right', made -> 'least_right', "
        "'judged', made -> 'judged', 'wrong', made -> 'wrong', 'confidence', "
        "made -> 'confidence') AS said, ARRAY(SELECT DISTINCT said ->> 2 FROM jsonb_array_elements("
        "made -> 'judgements') AS said ORDER BY 1) AS people FROM read ORDER BY id DESC",
        {"project": project_id, "sample": sample_id})]


def certificate(certificate_id: int) -> tuple[State, str, Certificate] | None:
    """Return a certificate as (state, reason, certificate), or None."""
    with connect() as connection:
        row = connection.execute("SELECT state, reason, body FROM certificate WHERE id = %s",
                                 (certificate_id,)).fetchone()
    return (row["state"], row["reason"], certificates.read(row["body"])) if row else None


def certificates_of(project_id: int, acceptance_id: int | None = None) -> list[tuple[State, str, Certificate]]:
    """Return a project's certificates as (state, reason, certificate), oldest first; or those of an acceptance."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT state, reason, body FROM certificate WHERE project_id = %(project)s AND (%(acceptance)s::bigint IS "
            "NULL OR acceptances @> ARRAY[%(acceptance)s]::bigint[]) ORDER BY id",
            {"project": project_id, "acceptance": acceptance_id}).fetchall()
    return [(row["state"], row["reason"], certificates.read(row["body"])) for row in rows]
