"""An example of each answer for the description of the API, by the model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from argus.answers import browse as bw
from argus.answers import calibration as ca
from argus.answers import check_first as cf
from argus.answers import editing as e
from argus.answers import engine as en
from argus.answers import health as h
from argus.answers import home as hm
from argus.answers import projects as p
from argus.answers import references as rf
from argus.answers import review as v
from argus.answers import runs as u
from argus.answers import search as s
from argus.answers import service
from argus.answers import tasks as t
from argus.answers import teaching as te
from argus.answers import to_fix as fix
from argus.answers import trust as tv
from argus.answers.base import Answer, Deleted
from search_service.api.dataset_answer_examples import DATASETS

_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_SYNC = p.Sync(seen=1200, fetched=1200, waiting=0, embedded=1199, failed=1, duplicates=310, errors=[p.TaskError(
    task=812, state="failed", code="bad_image", message="The file of task 812 is no image.", hint="Replace the file.")])
_NO_IMAGES = hm.HomeImages(images=0, predicted=0, annotated=0)
_EDGES = p.Bands(high=0.9, medium=0.7)
_VIEW = "http://localhost:8080/projects/1/data?tab=5"
_SAVED = s.SavedSearch(
    id=2, name="Red fans", query="red fan", ask={"text": "red fan"}, size=50, relevance="possible", keep_view=True,
    ranked=0, views=[5], url=_VIEW, tasks=50, refreshed_at=_AT, stale=False, error=None)
_SENTENCE = (
    "Of the 1,012 objects accepted here, at least 95.0 % are right (label, IoU >= 0.5) as ada@example.com judged; a "
    "sentence like this is false at most once in 20. 66 random objects were looked at, 0 were wrong.")
_CERTIFICATE = tv.Certificate(
    format="argus certificate", version=1, sentence=_SENTENCE, project=1, model_version="argus-3f2a1b", sample=3,
    listed_at=_AT.isoformat(), list_digest="9d0f…", seed="5eed…", target=0.95, confidence=0.95, edges=[0.9, 0.85],
    edge=0.9, objects=[(17, "a1b2c3", 0.93)], judgements=[(0, "right", "ada@example.com", _AT.isoformat())],
    acceptances=[4], accepted_tasks=[17], accepted_objects=1012, judged=66, wrong=0, most_wrong=50,
    least_right=0.9505, issued_at=_AT.isoformat(), digest="4be1…")
_ARM = ca.Arm(share=0.03, drawn=400, without=12, waiting=[41, 97], timed_with=3, timed_without=4, least=5,
              seconds_with=None, seconds_without=None, ratio=None, low=None, high=None, minutes_saved=None)
_LABOUR = ca.Labour(
    project=1, actions={"judgements": 66, "verdicts": 120, "acceptances": 3, "set_aside": 4}, total=193,
    accepted_objects=1012, actions_per_object=0.1907, minutes_saved=None, arm=_ARM,
    line="Actions so far: 193. Accepted objects: 1,012, with 0.19 actions each.")
_KEPT = tv.CertificateSummary(id=2, sample=3, kind="objects", labels=[], edge=0.9, acceptances=[4], state="valid",
                             reason="", later=None, sentence=_SENTENCE, accepted_objects=1012, other_objects=0,
                             least_right=0.9505, judged=66, wrong=0,
                             people=["ada@example.com"], confidence=0.95, digest="4be1…", issued_at=_AT)
_SAMPLE = tv.Sample(
    id=3, project=1, model_version="argus-3f2a1b", kind="objects", labels=[], state="open", reason="", target=0.95,
    confidence=0.95, budget=250, objects=1402, tasks=611, others=0, judgements=34, digest="9d0f…",
    created_by="ada@example.com", created_at=_AT, continued=False,
    steps=[tv.SampleStep(edge=0.9, objects=1012, judged=34, wrong=0, accepted=1012, others=0, most_wrong=91,
                        least_right=0.91, certified=False, more=31,
                        line="34 looked at, 0 wrong: at least 91.0 % are right; 31 more right ones certify 95 %.")],
    certificates=[])
_FIGURES = te.VerifierFigures(ranked=0.982, ranked_by_score=0.611, loss=0.142, loss_of_curve=0.633)
_TAUGHT = te.LabelTeaching(
    label="cpu", right=12, wrong=14, waiting=0, gone=1, in_use=True, wanted=0, line="12 right and 14 wrong examples.",
    draft=te.VerifierDraft(
        key="5a1f0c2b9d3e7788", paid=True, figures=_FIGURES, changes=te.VerifierChanges(
            objects=312, of=312, shown=9, hidden=171, into_high=41, out_of_high=88, crops=[te.TaughtObject(
                task=17, object="", box=(0.1, 0.2, 0.3, 0.4), before=0.93, after=0.04)]), pulling=[te.TaughtObject(
                    task=21, object="9c1f0c2b9d3e", box=(0.2, 0.2, 0.4, 0.4), before=0.91, after=0.22, right=False)],
        mistakes=[]),
    states=[te.VerifierState(key="11bf0c2b9d3e7701", in_use=True, right=10, wrong=10, figures=_FIGURES,
                             created_by="ada@example.com", created_at=_AT)], open_samples=[3], rebuilding=0)
_ENGINE: dict[str, Any] = {
    "detector": "parts-v2", "masks": False, "model_version": "argus-3f2a1b", "other_version": "detector-77d2e0",
    "detectors": [en.KnownDetector(name="parts-v2", architecture="RTDetrForObjectDetection", classes=["cpu", "hdd"],
                                   error=None)],
    "mapping": [en.LabelClasses(label="cpu", classes=["cpu"], by_name=["cpu"], changed=False)],
    "unused_classes": ["hdd"]}
_ERROR = ca.CalibrationError(error=0.061, noise=0.042)
_LABEL = ca.LabelTrust(
    label="cpu", outcomes=212, right=203, left_out=0, classes=[ca.ScoreClassSeen(
        start=0.95, end=1, outcomes=161.0, share=0.975, low=0.938, high=0.993)],
    curve=[ca.CurvePoint(score=0.9, chance=0.93)], score_error=_ERROR, curve_error=_ERROR,
    line="cpu: of objects scored 0.95 or more, between 93.8 % and 99.3 % are right (95 % interval).")
_SWEEP = ca.Sweep(sample=3, label=None, target=0.95, steps=[ca.SweepStep(
    edge=0.9, objects=1012, kept=0.722, judged=34, wrong=0, share=1.0, low=0.897, high=1.0, on_ladder=True,
    certified=False, least_right=0.91)])
_HINT = ca.CorrectionHint(
    kind="relabelled", label="fan", other="capacitor", objects=14, spoilt=0, threshold=None,
    line="fan: 14 objects were relabelled capacitor. Choose prompts that tell the two apart.")
_FRAMES = ca.FrameSample(
    id=2, project=1, model_version="argus-3f2a1b", frames=60, of_frames=1200, checked=2,
    next=[ca.FrameToCheck(place=2, task=17)], result=None, digest="9d0f…", seed="5eed…",
    line="2 of 60 frames checked; the result is shown after the last.", created_by="ada@example.com", created_at=_AT,
    continued=True)
_VERDICT = tv.ObjectVerdict(id=5, task=17, object="a1b2c3", label="cpu", verdict="relabelled", new_label="fan",
                            box=None, sample=None, decided_by="ada@example.com", decided_at=_AT)
_OBJECT = t.TaskObject(object="5a1f0c2b9d3e", label="cpu", score=0.82, movable=True, box=[0.1, 0.2, 0.3, 0.4],
                       rings=[], mask=None)
_SUSPICION = cf.Suspicion(
    id=9, task=17, kind="below_threshold", label="fan", box=(61.2, 20.5, 18.1, 30.4), strength=0.61, score=0.27,
    other=16, lacking=True, verdict=None, decided_by="", decided_at=None)
_RUN = u.Run(
    id=3, project=1, labels=["cpu"], state="running", requested=50, waiting=20, detected=4, done=29, failed=1,
    cancelled=0, in_work=4, computed=34, model_version="argus-3f2a1b", settings={"source": "search", "query": "cpu"},
    errors=[u.RunError(task=812, code="bad_image", message="The file of task 812 is no image.")], created_at=_AT,
    started_at=_AT, finished_at=None, seconds=31.5, rate=0.95, seconds_left=21.0,
    left_out=u.LeftOut(objects=0, tasks=0), without_predictions=0)
_EXAMPLES: tuple[Answer, ...] = (
    *DATASETS,
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
    tv.SampleItems(edge=0.9, items=[tv.SampleItem(place=34, task=17, object="a1b2c3", label="cpu", score=0.93,
                                                box=(0.25, 0.1, 0.4, 0.6))], with_others=0),
    tv.SampleCourse(edge=0.9, points=[tv.SamplePoint(judged=0, wrong=0, least_right=0.1),
                                      tv.SamplePoint(judged=34, wrong=0, least_right=0.91)],
                    labels=[tv.SampleLabel(label="fan", objects=40, first=15, judged=15, wrong=6)]),
    tv.VerifiedAcceptance(acceptance=4, accepted_tasks=440, accepted_objects=1012, skipped=0, reasons={},
                         certificate=_KEPT),
    _FRAMES, ca.FrameSamples(samples=[_FRAMES]),
    _LABOUR, _ARM,
    tv.TrustStatus(project=1, model_version="argus-3f2a1b", samples=[_SAMPLE], certificates=[_KEPT], labels=[_LABEL],
                  sweeps=[_SWEEP], hints=[_HINT], labour=_LABOUR,
                  note="What is accepted in bulk without a sample is not verified."),
    tv.Certificates(certificates=[tv.IssuedCertificate(state="valid", reason="", certificate=_CERTIFICATE)]),
    tv.ObjectVerdicts(verdicts=[_VERDICT]),
    p.Projects(projects=[p.ProjectSummary(id=1, title="Boards", connected=True, missing_since=None, images=1200,
                                          embedded=1199)]),
    p.Project(id=1, title="Boards", connected=True, missing_since=None, labels=["cpu", "fan"],
              colours={"cpu": "#bf72b0", "fan": "#bfb872"}, model_version="argus-3f2a1b", bands=_EDGES,
              label_studio="http://localhost:8080/projects/1/data", search_model="google/siglip2-base-patch16-224",
              search_index=p.SearchIndex(kind="exact", state="ready", percent=None), sync=_SYNC,
              objects=p.ObjectProgress(embedded=310, waiting=25, failed=0), model_change=None),
    p.SyncReport(created=12, changed=0, deleted=1, sync=_SYNC),
    p.Retried(retried=1),
    p.LabelStudioProjects(projects=[p.LabelStudioProject(id=1, title="Boards", tasks=1200, connected=True)]),
    p.Connection(project_id=1, title="Boards", dry_run=True, model_version="argus-3f2a1b", labels=["cpu", "fan"],
                 created=["the ML backend"], changed=[], kept=["the labelling config"], fills=["RectangleLabels"],
                 notes=[], warnings=[], prompts=["cpu", "fan"]),
    p.Disconnected(removed=["the ML backend", "the webhook"]),
    p.Videos(videos=[p.Video(video="line-3.mp4", video_id="9c1e0a7d5b3f2846", name="line-3.mp4",
                             filter="9c1e0a7d5b3f2846", frames=1200, seconds=599.5)], captured=(_AT, _AT)),
    hm.ProjectHome(
        project=1, next="accept", next_count=300, next_band="high", states=hm.HomeStates(
            images=1200, embedded=1199, waiting=0, failed=1, videos=1, predicted=1069, annotated=528, accepted=500,
            bands={"high": 300, "medium": 41, "low": 9, "nothing_found": 120, "check_first": 66, "to_fix": 3},
            skipped=2, untouched=131), labels=[hm.HomeLabel(label="cpu", objects=711, images=300, annotated=402)],
        bins=4, videos=[hm.HomeVideo(name="line-3.mp4", filter="9c1e0a7d5b3f2846", seconds=599.5, images=1200,
                                     predicted=539, annotated=528, frames_in=[300, 300, 300, 300],
                                     predicted_in=[0, 120, 200, 219], annotated_in=[300, 180, 48, 0])],
        more_videos=0, others=_NO_IMAGES, loose=_NO_IMAGES, under_way=[hm.HomeWork(
            kind="run", id="3", names=["cpu"], queued=False, progress=0.58)]),
    s.SearchResult(
        project=1, query="red fan", total=1199, images=1199, exact=True, scanned="memory", window=1199, waiting=0,
        limit=50, offset=0, filters={"labelled": False}, hits=[s.Hit(
            task=17, similarity=0.13207, image="/data/upload/1/17.jpg", video="line-3.mp4",
            video_id="9c1e0a7d5b3f2846", video_name="line-3.mp4", video_time=8.5, frame_number=204,
            relevance="likely")]),
    bw.Browsed(project=1, order="time", total=1200, limit=50, offset=0, images=[bw.FoundImage(
        task=17, image="/data/upload/1/17.jpg", video="line-3.mp4", video_id="9c1e0a7d5b3f2846",
        video_name="line-3.mp4", video_time=8.5, frame_number=204)]),
    bw.Clusters(project=1, total=1200, looked_at=1200, clusters=[bw.Cluster(
        picture=bw.FoundImage(task=17, image="/data/upload/1/17.jpg"), images=140, words=["red fan", "fan"])]),
    s.ObjectSearchResult(
        project=1, query="red fan", total=310, objects=p.ObjectProgress(embedded=310, waiting=25, failed=0), exact=True,
        scanned="memory", limit=50, offset=0, filters={"label": "fan"}, hits=[s.ObjectHit(
            object=12, task=17, label="fan", score=0.9312, box=(0.25, 0.25, 0.75, 0.75), similarity=0.15123,
            image="/data/upload/1/17.jpg", relevance="likely")]),
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
    v.ReviewStatus(
        project=1, model_version="argus-3f2a1b", edges=_EDGES, bands={"high": 300, "medium": 41, "low": 9,
                                                                      "nothing_found": 120},
        objects={"high": 711, "medium": 90, "low": 22, "nothing_found": 0}, accepted=500, checked=20, fixed=8,
        skipped=2, reviewed=530, left=539, total=1069, outdated=0, added=0, check_first=66, check_first_chosen=True,
        set_aside=3, unscored=0, notes=[], refuted=0, all_tasks=1200, annotated=528, looked_at=12, seconds_each=8.5),
    cf.CheckFirst(project=1, tasks=66, suspicions=[_SUSPICION], answered=[], kinds=[cf.KindOfSuspicion(
        kind="below_threshold", on=True, open=70, right=31, wrong=9)], next=None),
    cf.Decided(suspicion=_SUSPICION.model_copy(update={"verdict": "add", "decided_by": "ada@example.com",
                                                       "decided_at": _AT}), left=0),
    cf.SuspicionWall(project=1, suspicions=[_SUSPICION], left=174),
    cf.Answered(answered=60, tasks=48),
    cf.CheckFirstKinds(on=["below_threshold", "seen_around"]),
    v.Histogram(bins=4, labels={"cpu": [0, 2, 9, 30]}, tasks=[0, 2, 8, 20], objects=[0, 2, 9, 30], edges=_EDGES),
    v.BandObjects(band="low", tasks=9, objects=[v.BandObject(
        task=17, object="5a1f0c2b9d3e", label="cpu", score=0.52, box=[0.1, 0.2, 0.3, 0.4], of=3, sure=False, unsure=1,
        verdict="", new_label="", aside=False)], next=None),
    v.MovedBands(edges=_EDGES, views={"high": 11, "medium": 12, "low": 13}),
    v.BandViews(views={"high": 11, "medium": 12, "low": 13}),
    v.AcceptPlan(tasks=300, objects=711, set_aside=3, rejected=0, corrected=2),
    v.Accepted(acceptance=4, accepted_tasks=299, accepted_objects=709, skipped=1, reasons={"annotated meanwhile": 1}),
    v.AdditionsPlan(tasks=1, objects=1, bands={"high": v.AdditionsBand(tasks=1, objects=1, examples=[v.AdditionExample(
        task=17, label="fan", score=0.93, box=[0.1, 0.2, 0.3, 0.4])])}),
    v.Added(acceptance=5, added_tasks=1, added_objects=1, skipped=0, reasons={}),
    v.Acceptances(acceptances=[v.Acceptance(
        id=4, state="done", selection={"min_score": 0.9, "max_score": None, "nothing_found": False},
        accepted_by="ada@example.com", created_at=_AT, error=None, accepted=299, undone=0, kept=0, verified=False,
        verified_labels=[])]),
    v.Undone(acceptance=4, undone=298, left=[v.LeftAnnotation(task=17, annotation=201, reason="changed since")]),
    fix.SetAside(task=17, verdict="fix", object="", to_fix=4, view=14),
    fix.PutBack(task=17, put_back=1, to_fix=3),
    fix.ToFix(tasks=3, ready=1, left=[fix.LeftToFix(reason="check_first", tasks=[17, 29])]),
    te.Teaching(project=1, labels=[te.TaughtLabel(label="cpu", right=12, wrong=14, waiting=0, gone=1, in_use=True)]),
    _TAUGHT,
    rf.References(project=1, most=5, labels=[rf.LabelReferences(
        label="bracket", by="proposals", words=["object"], references=[rf.Reference(
            id=7, task=17, box=[12.5, 20, 10, 15], created_by="ada@example.com", created_at=_AT)])]),
    te.TeachMe(left=388, waiting=12, objects={"cpu": 312, "fan": 90}, shown=[v.WallObject(
        task=17, object="5a1f0c2b9d3e", label="cpu", score=0.91, box=[0.1, 0.2, 0.3, 0.4], verdict="", new_label="")],
        learned=te.LastVerdicts(verdicts=20, shown=0, hidden=31, crops=[te.TaughtObject(
            task=29, object="77d20c2b9d3e", box=(0.5, 0.2, 0.7, 0.4), before=0.93, after=0.08)])),
    v.Wall(objects={"cpu": 312, "fan": 90}, next="0.52,17,1,cpu", shown=[v.WallObject(
        task=17, object="5a1f0c2b9d3e", label="cpu", score=0.52, box=[0.1, 0.2, 0.3, 0.4], verdict="wrong",
        new_label="")]),
    v.WallJudged(verdicts=[31, 32], to_fix=4),
    v.WallTakenBack(tasks=2, to_fix=3),
    _RUN,
    u.RunResult(run=3, project=1, images=91, images_with_nothing=4, objects=118, labels=[u.LabelResult(
        label="cpu", objects=118, high=97, medium=15, low=6, images=87, before=u.EarlierCount(
            run=2, images=91, objects=104, objects_now=118))], examples=[17, 40], nothing_examples=[21]),
    u.Runs(runs=[_RUN]),
    u.Estimate(tasks=50, to_compute=34, labels=["cpu"], workers=1, tasks_ahead=0, measured_images=200,
               seconds_per_image=0.9, seconds=30.6, unread=[]),
    u.ProjectRecipe(model_version="argus-3f2a1b", keep_threshold=0.3, concepts=[u.RecipeConcept(
        label="cpu", prompts=["cpu", "processor"], threshold=0.5, changed=True,
        config=u.ConceptValues(prompts=["cpu"], threshold=0.5))], unread=[]),
    u.RecipeChange(model_version="argus-81c0de", changed=["cpu"], unread=[], rebuilt=0, again=50, dry_run=True),
    en.ProjectEngine(engine="sam3", **_ENGINE),
    en.EngineChange(engine="detector", **_ENGINE, again=50, dry_run=True),
    u.RunSources(all=1200, unlabelled=672, views=[u.RunView(id=5, title="Search: red fan")]),
    u.Preview(ready=True, tasks=[u.PreviewTask(task=17, state="done", objects=[u.PreviewObject(
        object="5a1f0c2b9d3e", label="cpu", score=0.82, box=[0.1, 0.2, 0.3, 0.4], mask=None)], width=1920,
        height=1080)], unread=[]),
    h.Status(
        version="0.1.0", refusals=[], search_model=h.SearchModel(name="google/siglip2-base-patch16-224", dim=768),
        workers=[h.Worker(role="sam3", name="sam3-1", host="gpu-1", state="idle", job=None, since=_AT, done=210,
                          failed=0)], roles={"sam3": 1},
        queues=[h.Queue(name="sam3", waiting=0, failed=0, last_job=_AT)],
        projects=[h.ProjectState(id=1, title="Boards", connected=True, missing_since=None, seen=1200, fetched=1200,
                                 embedded=1199, waiting=0, failed=1, videos=1, noted=0, oldest_waiting_seconds=None,
                                 warnings=[])],
        errors=[h.Failure(what="image", project=1, task=812, run=None, code="bad_image", at=_AT,
                          message="The file of task 812 is no image.", hint="Replace the file.")]),
    h.Findings(findings=[h.Finding(name="database", state="ok", detail="PostgreSQL 18, pgvector 0.8.4.", fix="")],
               problems=0),
    t.Task(task=17, video="line-3.mp4", video_id="9c1e0a7d5b3f2846", video_name="line-3.mp4", video_time=8.5,
           frame_number=204, notes=[], captured_at=_AT, state="embedded", error=None,
           label_studio="http://localhost:8080/projects/1/data?task=17", model_version="argus-3f2a1b",
           predictions=[t.TaskPrediction(id=90, model_version="argus-3f2a1b", current=True, score=0.82,
                                         objects=[_OBJECT])], annotations=[]),
    t.Boxes(tasks=[t.BoxedTask(task=17, annotated=False, width=1280, height=720, objects=[
        t.BoxedObject(label="cpu", score=0.93, box=(0.1, 0.2, 0.3, 0.4))])]),
    t.Neighbours(frames=[t.Neighbour(task=16, video_time=8.0, frame_number=192, same=True),
                         t.Neighbour(task=17, video_time=8.5, frame_number=204, same=True)],
                 earlier=True, later=False, previous_change=12, next_change=None),
    e.Edited(edit=8, task=17, annotation=201, updated_at=_AT, objects=3,
             counts=e.EditCounts(kept=1, moved=0, relabelled=1, deleted=1, added=1)),
    e.EditUndone(edit=8, task=17, annotation=None),
    e.Segment(segment=5, object=_OBJECT),
)
ANSWERS: dict[type[Answer], Answer] = {type(example): example for example in _EXAMPLES}
