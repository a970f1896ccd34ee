"""The operations of the REST API: what each takes and what it answers."""

from __future__ import annotations

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
from argus.answers import uploads as up
from argus.answers.base import Deleted
from search_service import run_sources
from search_service.api.dataset_endpoints import DATASETS
from search_service.api.endpoint import Endpoint
from search_service.api.schemas import audit as ar
from search_service.api.schemas import check_first as cr
from search_service.api.schemas import editing as er
from search_service.api.schemas import engine as nr
from search_service.api.schemas import references as fr
from search_service.api.schemas import review as rr
from search_service.api.schemas import search as r
from search_service.api.schemas import setup as sr
from search_service.api.schemas import tasks as kr
from search_service.api.schemas import teaching as gr
from search_service.api.schemas import trust as tr
from search_service.api.schemas import uploads as ur
from search_service.api.schemas import wall as wr

ENDPOINTS = (
    Endpoint("get", "/health", "Whether the service answers, and which server takes no writes.", answer=service.Health),
    Endpoint("get", "/livez", "Whether this process answers.", answer=service.Alive),
    Endpoint("get", "/readyz", "Whether a request could be served now; 503 with what is missing.",
             answer=service.Ready),
    Endpoint("get", "/metrics", "Counters for Prometheus.", media="text/plain"),
    Endpoint("post", "/webhooks/label-studio", "Label Studio's hint that tasks changed.", body=r.Webhook, status=202,
             answer=service.Queued),
    Endpoint("get", "/api/v1/projects", "List the projects Argus knows.", answer=p.Projects),
    Endpoint("get", "/api/v1/projects/{project_id}", "One project, and how far its images are embedded.",
             answer=p.Project),
    Endpoint("get", "/api/v1/projects/{project_id}/home", "What a project holds, how far it is, and what to do next.",
             answer=hm.ProjectHome),
    Endpoint("post", "/api/v1/projects/{project_id}/sync", "Look for changed tasks now.", answer=p.SyncReport),
    Endpoint("post", "/api/v1/projects/{project_id}/retry", "Try failed images again.", answer=p.Retried),
    Endpoint("get", "/api/v1/projects/{project_id}/search", "Find images by text.", r.SearchRequest,
             answer=s.SearchResult),
    Endpoint("post", "/api/v1/projects/{project_id}/search", "Find images by texts and images, wanted and not.",
             body=r.AskRequest, answer=s.SearchResult),
    Endpoint("get", "/api/v1/projects/{project_id}/browse", "Look at images without a query.", r.BrowseRequest,
             answer=bw.Browsed),
    Endpoint("get", "/api/v1/projects/{project_id}/clusters", "Look at groups of alike images.", r.ClustersRequest,
             answer=bw.Clusters),
    Endpoint("get", "/api/v1/projects/{project_id}/search/objects", "Find objects by text.", r.ObjectSearchRequest,
             answer=s.ObjectSearchResult),
    Endpoint("post", "/api/v1/projects/{project_id}/search/objects",
             "Find objects by texts, regions and objects, wanted and not.", body=r.ObjectAskRequest,
             answer=s.ObjectSearchResult),
    Endpoint("post", "/api/v1/projects/{project_id}/search/image", "Find images like an uploaded one.", r.LikeRequest,
             takes="application/octet-stream",
             answer=s.SearchResult),
    Endpoint("get", "/api/v1/projects/{project_id}/tasks/{task_id}/similar",
             "Find images like a task's, or like a part of it.", r.LikeRequest, answer=s.SearchResult),
    Endpoint("get", "/api/v1/projects/{project_id}/searches", "The last different queries.", r.HistoryRequest,
             answer=s.History),
    Endpoint("delete", "/api/v1/projects/{project_id}/searches", "Forget the whole history.", answer=Deleted),
    Endpoint("post", "/api/v1/projects/{project_id}/searches/{search_id}/repeat", "Search again for what was searched.",
             r.PageRequest, answer=s.SearchResult),
    Endpoint("delete", "/api/v1/projects/{project_id}/searches/{search_id}", "Forget one query.", answer=Deleted),
    Endpoint("get", "/api/v1/projects/{project_id}/views", "The Label Studio views that Argus made.", answer=s.Views),
    Endpoint("post", "/api/v1/projects/{project_id}/views", "Make or update a view of a search or of given tasks.",
             body=r.ViewRequest, status=201, answer=s.MadeView),
    Endpoint("delete", "/api/v1/projects/{project_id}/views/{view_id}",
             "Remove a view that Argus made and nobody changed.", answer=Deleted),
    Endpoint("post", "/api/v1/projects/{project_id}/views/{view_id}/refresh",
             "Search again for what a view was made of.", answer=s.MadeView),
    Endpoint("get", "/api/v1/projects/{project_id}/saved-searches", "The saved searches by name.",
             answer=s.SavedSearches),
    Endpoint("post", "/api/v1/projects/{project_id}/saved-searches", "Keep a search under a name.",
             body=r.SavedRequest, status=201, answer=s.SavedSearch),
    Endpoint("get", "/api/v1/projects/{project_id}/saved-searches/{saved_id}", "One saved search.",
             answer=s.SavedSearch),
    Endpoint("patch", "/api/v1/projects/{project_id}/saved-searches/{saved_id}", "Change a saved search.",
             body=r.SavedChange, answer=s.ChangedSearch),
    Endpoint("delete", "/api/v1/projects/{project_id}/saved-searches/{saved_id}",
             "Forget a saved search, and remove its view, unless somebody changed that.", answer=s.ForgottenSearch),
    Endpoint("get", "/api/v1/projects/{project_id}/saved-searches/{saved_id}/hits", "What a saved search finds now.",
             r.PageRequest, answer=s.SearchResult),
    Endpoint("post", "/api/v1/projects/{project_id}/saved-searches/{saved_id}/refresh",
             "Search again and bring the view up to date now.", answer=s.SavedSearch),
    Endpoint("get", "/api/v1/projects/{project_id}/judgements", "What people said of hits.", r.JudgementsRequest,
             answer=s.Judgements),
    Endpoint("post", "/api/v1/projects/{project_id}/judgements", "Say whether a hit is right.",
             body=r.JudgementRequest, answer=s.Judged),
    Endpoint("delete", "/api/v1/projects/{project_id}/judgements", "Forget what people said of hits.",
             r.JudgementsRequest, answer=Deleted),
    Endpoint("get", "/api/v1/projects/{project_id}/search-eval",
             "Recall, nDCG and precision per band, by what people said.", r.EvaluationRequest, answer=s.SearchQuality),
    Endpoint("get", "/api/v1/projects/{project_id}/sources", "What a run can be started from, with counts.",
             answer=u.RunSources),
    Endpoint("get", "/api/v1/projects/{project_id}/recipe", "Prompts and thresholds of the labels.",
             answer=u.ProjectRecipe),
    Endpoint("put", "/api/v1/projects/{project_id}/recipe", "Change prompts and thresholds, or tell what would change.",
             body=rr.RecipeRequest,
             answer=u.RecipeChange),
    Endpoint("get", "/api/v1/projects/{project_id}/engine", "Which model looks for the labels.",
             answer=en.ProjectEngine),
    Endpoint("put", "/api/v1/projects/{project_id}/engine", "Choose SAM 3 or a detector, or tell how it would be.",
             body=nr.EngineRequest, answer=en.EngineChange),
    Endpoint("post", "/api/v1/projects/{project_id}/preview", "What a run would find on up to 12 images; ask again "
             "until `ready`.", body=run_sources.PreviewRequest, answer=u.Preview),
    Endpoint("post", "/api/v1/projects/{project_id}/runs", "Let SAM 3 look for labels on tasks.",
             body=run_sources.RunRequest, status=201, answer=u.Run),
    Endpoint("post", "/api/v1/projects/{project_id}/runs/estimate", "What a run would cost; nothing is started.",
             body=run_sources.RunRequest, answer=u.Estimate),
    Endpoint("get", "/api/v1/projects/{project_id}/runs", "The runs of a project, newest first.", answer=u.Runs),
    Endpoint("get", "/api/v1/runs/{run_id}", "Progress of a run.", answer=u.Run),
    Endpoint("get", "/api/v1/runs/{run_id}/result", "What a run found: objects by label, images with nothing, and what "
             "earlier runs found.", answer=u.RunResult),
    Endpoint("get", "/api/v1/runs/{run_id}/events", "Progress of a run as it changes (server-sent events), until it "
             "ends.", answer=u.Run, media="text/event-stream"),
    Endpoint("post", "/api/v1/runs/{run_id}/cancel", "Stop a run; what is done stays.", answer=u.Run),
    Endpoint("post", "/api/v1/runs/{run_id}/resume", "Do what a stopped run left.", answer=u.Run),
    Endpoint("post", "/api/v1/runs/{run_id}/retry", "Try the failed tasks of a run again.", answer=u.Run),
    Endpoint("get", "/api/v1/projects/{project_id}/review", "Review progress by band.", answer=v.ReviewStatus),
    Endpoint("get", "/api/v1/projects/{project_id}/review/histogram", "How the scores left to review are spread.",
             answer=v.Histogram),
    Endpoint("get", "/api/v1/projects/{project_id}/review/objects", "A band's objects, lowest score first.",
             rr.ObjectsRequest, answer=v.BandObjects),
    Endpoint("put", "/api/v1/projects/{project_id}/review/bands", "Move the band edges, and the views with them.",
             body=rr.BandsRequest, answer=v.MovedBands),
    Endpoint("post", "/api/v1/projects/{project_id}/review/accept/plan", "What an acceptance would accept.",
             body=rr.AcceptRequest, answer=v.AcceptPlan),
    Endpoint("post", "/api/v1/projects/{project_id}/review/accept", "Accept predictions by score, or of given tasks.",
             body=rr.AcceptRequest,
             answer=v.Accepted),
    Endpoint("post", "/api/v1/projects/{project_id}/review/additions/plan", "What labels computed later would add to "
             "annotations that are there.", body=rr.AdditionsRequest,
             answer=v.AdditionsPlan),
    Endpoint("post", "/api/v1/projects/{project_id}/review/additions", "Add labels computed later to annotations that "
             "are there.", body=rr.AdditionsRequest,
             answer=v.Added),
    Endpoint("get", "/api/v1/people/me", "Who this request acts as; null fields: the service.", answer=service.Me),
    Endpoint("post", "/api/v1/people/me", "Who a personal access token of Label Studio belongs to.",
             body=rr.PersonRequest, answer=service.Person),
    Endpoint("get", "/api/v1/projects/{project_id}/review/acceptances", "The last acceptances, newest first.",
             rr.AcceptancesRequest, answer=v.Acceptances),
    Endpoint("post", "/api/v1/acceptances/{acceptance_id}/undo", "Take an acceptance back, except what was changed.",
             answer=v.Undone),
    Endpoint("post", "/api/v1/projects/{project_id}/review/set-aside", "Reject an object, or send a task to be fixed.",
             body=rr.SetAsideRequest,
             answer=fix.SetAside),
    Endpoint("post", "/api/v1/projects/{project_id}/review/put-back", "Take such a decision back.",
             body=rr.PutBackRequest, answer=fix.PutBack),
    Endpoint("get", "/api/v1/projects/{project_id}/review/to-fix", "The tasks that are set aside, and what keeps each.",
             answer=fix.ToFix),
    Endpoint("post", "/api/v1/projects/{project_id}/review/views", "Make or update the views of the bands.",
             answer=v.BandViews),
    Endpoint("get", "/api/v1/projects/{project_id}/review/check-first", "What may be missing or odd, to be looked at "
             "before its tasks are accepted.", cr.CheckFirstRequest, answer=cf.CheckFirst),
    Endpoint("post", "/api/v1/projects/{project_id}/review/check-first", "Answer a suspicion; the prediction follows.",
             body=cr.SuspicionAnswer, answer=cf.Decided),
    Endpoint("get", "/api/v1/projects/{project_id}/review/check-first/wall", "The same of all tasks at once, the "
             "strongest first, weak ones included.", cr.SuspicionWallRequest, answer=cf.SuspicionWall),
    Endpoint("post", "/api/v1/projects/{project_id}/review/check-first/answers", "Answer several suspicions at once.",
             body=cr.SuspicionAnswers, answer=cf.Answered),
    Endpoint("post", "/api/v1/projects/{project_id}/review/check-first/undo", "Take such an answer back.",
             body=cr.SuspicionUndo, answer=cf.Decided),
    Endpoint("put", "/api/v1/projects/{project_id}/review/check-first/kinds",
             "Choose the kinds of suspicions for which tasks wait.", body=cr.CheckFirstKindsRequest,
             answer=cf.CheckFirstKinds),
    Endpoint("get", "/api/v1/projects/{project_id}/trust", "Samples, certificates, and what is known of scores.",
             answer=tv.TrustStatus),
    Endpoint("get", "/api/v1/projects/{project_id}/trust/certificates", "Every certificate of a project.",
             answer=tv.Certificates),
    Endpoint("post", "/api/v1/projects/{project_id}/trust/samples", "Go on with the open sample, or draw one.",
             body=tr.SampleRequest, status=201, answer=tv.Sample),
    Endpoint("get", "/api/v1/trust/samples/{sample_id}", "A sample, and what its judgements show.", answer=tv.Sample),
    Endpoint("get", "/api/v1/trust/samples/{sample_id}/course", "How the bound of a threshold went.",
             tr.CourseRequest, answer=tv.SampleCourse),
    Endpoint("post", "/api/v1/trust/samples/{sample_id}/claim", "The next objects to judge, yours for a minute.",
             body=tr.ClaimRequest, answer=tv.SampleItems),
    Endpoint("post", "/api/v1/trust/samples/{sample_id}/judgements", "Judge objects: right, wrong or unsure.",
             body=tr.JudgementsGiven, answer=tv.Sample),
    Endpoint("post", "/api/v1/trust/samples/{sample_id}/take-back", "Take your own judgement back.",
             body=tr.TakeBackRequest, answer=tv.Sample),
    Endpoint("post", "/api/v1/trust/samples/{sample_id}/accept", "Accept what a sample certifies.",
             body=tr.AcceptSampleRequest, answer=tv.VerifiedAcceptance),
    Endpoint("get", "/api/v1/projects/{project_id}/trust/labour", "What people did in review, and the time it took "
             "with predictions and without.", answer=ca.Labour),
    Endpoint("put", "/api/v1/projects/{project_id}/trust/arm", "Choose the share of new tasks that is labelled without "
             "predictions; 0 for none.", body=tr.ArmRequest, answer=ca.Arm),
    Endpoint("get", "/api/v1/projects/{project_id}/trust/recall", "The samples of frames, newest first.",
             answer=ca.FrameSamples),
    Endpoint("post", "/api/v1/projects/{project_id}/trust/recall", "Go on with the open sample of frames, or draw one.",
             body=tr.FrameSampleRequest, status=201, answer=ca.FrameSample),
    Endpoint("post", "/api/v1/projects/{project_id}/trust/recall/checks", "What was counted on a frame.",
             body=tr.FrameChecked, answer=ca.FrameSample),
    Endpoint("get", "/api/v1/trust/certificates/{certificate_id}", "A certificate by its number.",
             answer=tv.Certificate),
    Endpoint("get", "/api/v1/acceptances/{acceptance_id}/certificate", "The certificate of an acceptance.",
             answer=tv.Certificate),
    Endpoint("get", "/api/v1/projects/{project_id}/review/verdicts", "What was said of objects, newest first.",
             tr.VerdictsRequest, answer=tv.ObjectVerdicts),
    Endpoint("post", "/api/v1/projects/{project_id}/review/verdicts", "Say what is right, wrong or missing.",
             body=tr.VerdictRequest, answer=tv.ObjectVerdict),
    Endpoint("post", "/api/v1/projects/{project_id}/review/verdicts/take-back", "Take your own verdict back.",
             body=tr.VerdictTakenBack, answer=tv.ObjectVerdicts),
    Endpoint("get", "/api/v1/projects/{project_id}/review/wall", "Objects of all bands.",
             wr.WallRequest, answer=v.Wall),
    Endpoint("post", "/api/v1/projects/{project_id}/review/wall/verdicts", "One verdict on many objects.",
             body=wr.WallJudgeRequest, answer=v.WallJudged),
    Endpoint("post", "/api/v1/projects/{project_id}/review/wall/take-back", "Take your own verdicts back.",
             body=wr.WallTakeBackRequest, answer=v.WallTakenBack),
    Endpoint("get", "/api/v1/projects/{project_id}/teaching", "How far each label is taught by examples.",
             answer=te.Teaching),
    Endpoint("get", "/api/v1/projects/{project_id}/teaching/label", "What a label's examples would make.",
             gr.TaughtLabelRequest, answer=te.LabelTeaching),
    Endpoint("get", "/api/v1/projects/{project_id}/teaching/next", "The objects whose verdicts would teach most.",
             gr.TeachMeRequest, answer=te.TeachMe),
    Endpoint("post", "/api/v1/projects/{project_id}/teaching/use", "Let a verifier make the scores of a label.",
             body=gr.UseVerifierRequest, answer=te.LabelTeaching),
    Endpoint("post", "/api/v1/projects/{project_id}/teaching/off", "Show the model's own scores of a label again.",
             body=gr.SwitchOffRequest, answer=te.LabelTeaching),
    Endpoint("get", "/api/v1/projects/{project_id}/references", "The regions that labels are looked for by.",
             answer=rf.References),
    Endpoint("post", "/api/v1/projects/{project_id}/references", "Let a label be looked for by a region: everything "
             "like this.", body=fr.ReferenceRequest, answer=rf.References),
    Endpoint("delete", "/api/v1/projects/{project_id}/references/{reference_id}", "Forget a reference.",
             fr.RemoveReferenceRequest, answer=rf.References),
    Endpoint("get", "/api/v1/projects/{project_id}/references/{reference_id}/picture", "A small picture of a "
             "reference.", media="image/jpeg"),
    Endpoint("get", "/api/v1/images/{task_id}/crop", "A part of a task's picture.", rr.CropRequest,
             media="image/jpeg"),
    *DATASETS,
    Endpoint("get", "/api/v1/projects/{project_id}/uploads", "The caller's uploads into a project, newest first.",
             answer=up.Uploads),
    Endpoint("post", "/api/v1/projects/{project_id}/uploads", "Begin to upload a video, an image, or labels, by "
             "the tus protocol 1.0.0: Upload-Length and Upload-Metadata (filename, purpose, fps, scene, modified) are "
             "headers.",
             status=201, answer=up.Upload),
    Endpoint("get", "/api/v1/projects/{project_id}/uploads/{upload_id}", "How far an upload and its import are; HEAD "
             "answers Upload-Offset and Upload-Length alone.", answer=up.Upload),
    Endpoint("patch", "/api/v1/projects/{project_id}/uploads/{upload_id}", "Send the bytes that follow Upload-Offset; "
             "after the last a video or an image is imported.", status=204, media="",
             takes="application/offset+octet-stream"),
    Endpoint("delete", "/api/v1/projects/{project_id}/uploads/{upload_id}", "Stop an upload or its import and delete "
             "its file, or forget one that has ended.", status=204, media=""),
    Endpoint("post", "/api/v1/projects/{project_id}/uploads/{upload_id}/retry", "Import a file again whose import has "
             "failed.", answer=up.Upload),
    Endpoint("get", "/api/v1/projects/{project_id}/video-files", "The tasks whose own file is a video, as when one is "
             "uploaded in Label Studio.", answer=up.VideoFiles),
    Endpoint("post", "/api/v1/projects/{project_id}/video-files/cut", "Let the default worker cut such videos into "
             "frames.", body=ur.CutRequest, status=202, answer=up.VideoFiles),
    Endpoint("put", "/api/v1/projects/{project_id}/video-files/rule", "Have such videos cut automatically, or not.",
             body=ur.CutRuleRequest, answer=up.VideoFiles),
    Endpoint("get", "/api/v1/projects/{project_id}/tasks/{task_id}",
             "A task with the objects of its predictions and annotations.", answer=t.Task),
    Endpoint("get", "/api/v1/projects/{project_id}/tasks/{task_id}/neighbours",
             "The frames of its video around a task's.", kr.NeighboursRequest, answer=t.Neighbours),
    Endpoint("get", "/api/v1/projects/{project_id}/boxes",
             "The objects of several tasks, as thumbnails show them.", kr.BoxesRequest, answer=t.Boxes),
    Endpoint("put", "/api/v1/projects/{project_id}/tasks/{task_id}/annotation", "Save an edited picture as the "
             "annotation of its task.", body=er.EditRequest, answer=e.Edited),
    Endpoint("post", "/api/v1/edits/{edit_id}/undo", "Take an edit back.", answer=e.EditUndone),
    Endpoint("post", "/api/v1/projects/{project_id}/tasks/{task_id}/segment", "What lies at a point of a picture.",
             body=er.SegmentRequest, answer=e.Segment),
    Endpoint("get", "/api/v1/projects/{project_id}/videos",
             "The videos that frames come from, and when the first and the last image were captured.", answer=p.Videos),
    Endpoint("get", "/api/v1/status", "Workers, queues, projects, and what failed last.", answer=h.Status),
    Endpoint("get", "/api/v1/doctor", "Check every connection; each problem comes with its fix.",
             sr.DoctorRequest, answer=h.Findings),
    Endpoint("get", "/api/v1/audit", "Who changed what, newest first. With the caller's own Label Studio token: of a "
             "project that they manage, or of all as an administrator.", ar.AuditRequest, answer=service.Audit),
    Endpoint("get", "/api/v1/label-studio/projects", "Every project in Label Studio, and which are connected.",
             answer=p.LabelStudioProjects),
    Endpoint("post", "/api/v1/label-studio/connect", "Make a Label Studio project ready for Argus, or create one.",
             body=sr.ConnectRequest, answer=p.Connection),
    Endpoint("post", "/api/v1/projects/{project_id}/disconnect",
             "Take the ML backend, the webhook and our views out of a project again.", answer=p.Disconnected),
    Endpoint("get", "/api/v1/images/{task_id}", "A small picture of a task.", r.ThumbnailRequest, media="image/jpeg"),
)
