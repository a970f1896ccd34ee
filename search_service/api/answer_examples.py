"""An example of each answer for the description of the API, by the model."""

from __future__ import annotations

from datetime import UTC, datetime

from argus.answers import projects as p
from argus.answers import search as s
from argus.answers import service
from argus.answers import splits as sp
from argus.answers import trust as t
from argus.answers.base import Answer, Deleted

_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_SYNC = p.Sync(seen=1200, fetched=1200, waiting=0, embedded=1199, failed=1, duplicates=310, errors=[p.TaskError(
    task=812, state="failed", code="bad_image", message="The file of task 812 is no image.", hint="Replace the file.")])
_VIEW = "http://localhost:8080/projects/1/data?tab=5"
_SAVED = s.SavedSearch(
    id=2, name="Red fans", query="red fan", ask={"text": "red fan"}, size=50, relevance="possible", keep_view=True,
    ranked=0, views=[5], url=_VIEW, tasks=50, refreshed_at=_AT, stale=False, error=None)
_SENTENCE = (
    "Of the 1,012 objects accepted here, at least 95.0 % are right (label, IoU >= 0.5) as ada@example.com judged; a "
    "sentence like this is false at most once in 20. 66 random objects were looked at, 0 were wrong.")
_CERTIFICATE = t.Certificate(
    format="argus certificate", version=1, sentence=_SENTENCE, project=1, model_version="argus-3f2a1b", sample=3,
    listed_at=_AT.isoformat(), list_digest="9d0f…", seed="5eed…", target=0.95, confidence=0.95, edges=[0.9, 0.85],
    edge=0.9, objects=[(17, "a1b2c3", 0.93)], judgements=[(0, "right", "ada@example.com", _AT.isoformat())],
    acceptances=[4], accepted_tasks=[17], accepted_objects=1012, judged=66, wrong=0, most_wrong=50,
    least_right=0.9505, issued_at=_AT.isoformat(), digest="4be1…")
_KEPT = t.CertificateSummary(id=2, sample=3, edge=0.9, acceptances=[4], state="valid", reason="", sentence=_SENTENCE,
                             digest="4be1…", issued_at=_AT)
_SAMPLE = t.Sample(
    id=3, project=1, model_version="argus-3f2a1b", state="open", reason="", target=0.95, confidence=0.95, objects=1402,
    tasks=611, judgements=34, digest="9d0f…", created_by="ada@example.com", created_at=_AT, continued=False,
    steps=[t.SampleStep(edge=0.9, objects=1012, judged=34, wrong=0, accepted=1012, most_wrong=91, least_right=0.91,
                        certified=False, more=31, line="34 looked at, 0 wrong: at least 91.0 % are right; 31 more "
                        "right ones certify 95 %.")], certificates=[])
_VERDICT = t.ObjectVerdict(id=5, task=17, object="a1b2c3", label="cpu", verdict="relabelled", new_label="fan", box=None,
                           sample=None, decided_by="ada@example.com", decided_at=_AT)
_EXAMPLES: tuple[Answer, ...] = (
    service.Health(status="ok", service="search-service", version="0.1.0", refused={},
                   search_memory=service.SearchMemory(budget_mb=1600, used_mb=55.7, projects=1, loading=0,
                                                      problem="")),
    service.Alive(status="ok"),
    service.Ready(status="ok", missing=[], refused={}),
    service.Queued(queued=True),
    service.Me(id=7, email="ada@example.com", name="Ada", admin=False),
    service.Person(id=7, email="ada@example.com", name="Ada"),
    service.Audit(entries=[service.AuditEntry(
        id=31, at=_AT, who="ada@example.com", verified=True, address="192.0.2.4", action="review.accept", project=1,
        object="acceptance 4", outcome="done")], next=None),
    Deleted(deleted=1),
    _SAMPLE, _CERTIFICATE, _VERDICT,
    t.SampleItems(edge=0.9, items=[t.SampleItem(place=34, task=17, object="a1b2c3", label="cpu", score=0.93,
                                                box=(0.25, 0.1, 0.4, 0.6))]),
    t.VerifiedAcceptance(acceptance=4, accepted_tasks=440, accepted_objects=1012, skipped=0, reasons={},
                         certificate=_KEPT),
    t.TrustStatus(project=1, model_version="argus-3f2a1b", samples=[_SAMPLE], certificates=[_KEPT],
                  note="What is accepted in bulk without a sample is not verified."),
    t.Certificates(certificates=[t.IssuedCertificate(state="valid", reason="", certificate=_CERTIFICATE)]),
    t.ObjectVerdicts(verdicts=[_VERDICT]),
    p.Projects(projects=[p.ProjectSummary(id=1, title="Boards", connected=True, missing_since=None, images=1200,
                                          embedded=1199)]),
    p.Project(id=1, title="Boards", connected=True, missing_since=None, labels=["cpu", "fan"],
              model_version="argus-3f2a1b", bands=p.Bands(high=0.9, medium=0.7),
              label_studio="http://localhost:8080/projects/1/data", search_model="google/siglip2-base-patch16-224",
              search_index=p.SearchIndex(kind="exact", state="ready", percent=None), sync=_SYNC, model_change=None),
    p.SyncReport(created=12, changed=0, deleted=1, sync=_SYNC),
    p.Retried(retried=1),
    p.LabelStudioProjects(projects=[p.LabelStudioProject(id=1, title="Boards", tasks=1200, connected=True)]),
    p.Connection(project_id=1, title="Boards", dry_run=True, model_version="argus-3f2a1b", labels=["cpu", "fan"],
                 created=["the ML backend"], changed=[], kept=["the labelling config"], fills=["RectangleLabels"],
                 notes=[], warnings=[], prompts=["cpu", "fan"]),
    p.Disconnected(removed=["the ML backend", "the webhook"]),
    p.Videos(videos=[p.Video(video="line-3.mp4", video_id="9c1e0a7d5b3f2846", name="line-3.mp4",
                             filter="9c1e0a7d5b3f2846", frames=1200, seconds=599.5)], captured=(_AT, _AT)),
    s.SearchResult(
        project=1, query="red fan", total=1199, images=1199, exact=True, scanned="memory", window=1199, waiting=0,
        limit=50, offset=0, filters={"labelled": False}, hits=[s.Hit(
            task=17, similarity=0.13207, image="/data/upload/1/17.jpg", video="line-3.mp4",
            video_id="9c1e0a7d5b3f2846", video_name="line-3.mp4", video_time=8.5, frame_number=204,
            relevance="likely")]),
    s.History(searches=[s.PastSearch(id=12, query="red fan", ask={"text": "red fan"}, total=1199, at=_AT)]),
    s.Views(views=[s.View(id=5, kind="search", title="Search: red fan", query="red fan", saved=2, url=_VIEW)]),
    s.MadeView(views=[5], tasks=50, url=_VIEW),
    s.SavedSearches(saved_searches=[_SAVED]),
    _SAVED,
    s.ChangedSearch(**dict(_SAVED), left=[]),
    s.ForgottenSearch(deleted=2, left=[]),
    s.Judgements(judgements=[s.Judgement(query="red fan", task=17, relevant=True)]),
    s.Judged(judged=3),
    s.SearchQuality(project=1, source="thumbs", queries=[s.QueryQuality(
        query="red fan", judged=3, relevant=2, recall={"10": 1.0}, ndcg={"10": 0.9197},
        hits={"likely": 1, "possible": 2, "unlikely": 0},
        precision={"likely": 1.0, "possible": 0.5, "unlikely": None})],
        mean=s.MeanQuality(recall={"10": 1.0}, ndcg={"10": 0.9197},
                           precision={"likely": 1.0, "possible": 0.5, "unlikely": None})),
    sp.Divisions(locked=119, divisions=[sp.Division(
        division="test,train,val", splits={"test": 119, "train": 839, "val": 241}, left_out=14)]),
)
ANSWERS: dict[type[Answer], Answer] = {type(example): example for example in _EXAMPLES}
