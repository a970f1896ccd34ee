"""Examples of the answers about datasets: exports, splits, versions, uploads, labels that come in, and evaluation."""

from __future__ import annotations

from datetime import UTC, datetime

from argus.answers import evaluation as ev
from argus.answers import export as x
from argus.answers import label_import as li
from argus.answers import splits as sp
from argus.answers import uploads as up
from argus.answers import versions as vn
from argus.answers.base import Answer

_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_EXPORT = x.Export(
    id=6, project=1, format="yolo", source="annotations", masks=False, images=True, splits={"train": 80, "val": 20},
    state="done", written=528, total=528, created_at=_AT, finished_at=_AT, report=x.ExportReport(
        images=528, objects=1203, categories=2, splits={"train": 422, "val": 106}, skipped=[x.SkippedTasks(
            reason="the image cannot be read", count=1, tasks=[812])],
        leaks=x.LeakReport(checked=106, leaking=0, share=0.0, gap=5.0, cosine=0.985, without_vector=0, worst=[
            x.LeakPair(task=640, split="val", file_name="belt-640.jpg", leaks=False, nearest_in_time=634, seconds=6.0,
                       nearest_in_looks=211, cosine=0.9312, shown=211)]), version=3), version=3,
    note="Fans of the second line.", error=None, bytes=48_213_004)
_UPLOAD = up.Upload(
    id="3f2a9c0d5e71486bb0c4d1e8a2f69357", project=1, name="line-a.mp4", purpose="frames", modified="", size=48_230_144,
    received=48_230_144, fps="1", scene=0.0, state="running", on_disk=True, progress=0.4, frames=72, imported=50,
    skipped=0, tasks=[17, 18], lost=[], error=None, created_at=_AT, finished_at=None)
_LABEL_JOB = li.LabelImportJob(
    id=4, project=1, name="dataset.zip", taken="annotations", model_version="", images=True, keep_splits=False,
    state="running", planned=True, done=120, total=419, import_id=3, missed=0, error=None,
    asked_by="ann@example.com", created_at=_AT, finished_at=None)
_JUDGED_BOX = ev.JudgedBox(task=17, label="cpu", score=0.91, box=[0.25, 0.25, 0.5, 0.5])
_JUDGED = ev.ModelFigures(
    model_version="argus-3f2a1b", objects=2, detections=2, without_prediction=0, without_score=0, ap50=0.75, ap=0.6,
    ar=0.65, ap50_interval=ev.Interval(low=0.55, high=0.93), shapes=None,
    labels=[ev.LabelFigures(label="cpu", objects=2, detections=2, ap50=0.75, ap=0.6, ar=0.65)],
    sizes=[ev.SizeFigures(size="small", objects=0, ap50=None, ap=None, ar=None)],
    confusion=ev.Confusion(labels=["cpu"], rows=[[1, 1], [1, 0]]),
    calibration=ev.Calibration(error=0.02, bins=[ev.ScoreBin(
        low=0.9, high=1, detections=2, right=1, share=0.5, mean_score=0.92)]),
    false_positives=ev.JudgedList(count=1, tasks=[17], boxes=[_JUDGED_BOX]),
    misses=ev.JudgedList(count=0, tasks=[], boxes=[]), confusions=ev.JudgedList(count=0, tasks=[], boxes=[]))
_VERSION = vn.Version(
    version=3, project=1, title="CPU line", note="Fans of the second line.", made_at=_AT, made_by="ann@example.com",
    argus="0.1.0", format="yolo", source="annotations", masks=False, images_included=True,
    shares={"train": 0.8, "val": 0.2}, gap=5.0, cosine=0.985, model_version="argus-3f2a1b",
    concepts=[vn.VersionConcept(label="cpu", prompts=["cpu"], threshold=0.5)], label_config="3f2a" * 16,
    certificates=[], images=528, objects={"cpu": 760, "fan": 443}, splits={"train": 422, "val": 106}, skipped=[],
    leaks=None, digest="9c1d" * 16, export=6, bytes=48_213_004, locked=0)
_EVALUATION = ev.Evaluation(
    project=1, on="test", division="test,train,val", images=119, locked=119, min_score=0.25, only_predicted=False,
    accepted=0, resampling=ev.Resampling(over="videos", units=9, resamples=1000, seed=20260302), model=_JUDGED,
    against=None, difference=None, model_versions={"argus-3f2a1b": 119}, skipped=[])
_EVALUATION_JOB = ev.EvaluationJob(
    id=5, project=1, on="test", model_version="", against="", splits="", state="done", read=119, total=119, error=None,
    asked_by="ann@example.com", created_at=_AT, finished_at=_AT)
DATASETS: tuple[Answer, ...] = (
    _VERSION,
    _UPLOAD,
    up.VideoFiles(files=[up.VideoFile(task=18, name="line-c.mp4", state="new", upload=None, imported=0, error=None)]),
    up.Uploads(uploads=[_UPLOAD], limits=up.UploadLimits(max_bytes=21_474_836_480, at_once=4, max_frames=50_000,
                                                         chunk_bytes=33_554_432, keeps_files=False)),
    vn.Versions(versions=[_VERSION]),
    _EVALUATION,
    _EVALUATION_JOB,
    ev.EvaluationResult(**dict(_EVALUATION_JOB), result=_EVALUATION),
    ev.Evaluations(project=1, evaluations=[_EVALUATION_JOB], model_versions={"argus-3f2a1b": 119, "rfdetr-2": 119}),
    vn.VersionDeleted(version=3, project=1),
    li.LabelImports(project=1, imports=[li.LabelImport(
        id=3, project_id=1, taken="annotations", model_version="", name="dataset.zip", state="done", error=None,
        imported_by="ann@example.com", created_at=_AT, finished_at=_AT, tasks=407, objects=1240, images=12,
        withdrawn_at=None)], jobs=[_LABEL_JOB]),
    _LABEL_JOB,
    li.PlannedLabelImport(**dict(_LABEL_JOB), plan=li.LabelImportPlan(
        format="coco", taken="annotations", model_version="", images=420, matched={"name": 400}, new_images=12,
        tasks=407, objects={"cpu": 1240}, there_already=0, splits={"train": 300, "val": 107}, lacking={"bolt": 3},
        left_alone=[li.Told(reason="its task is annotated", count=5, examples=["belt-17.jpg"])],
        losses=[li.Told(reason="an outline becomes a mask of whole pixels", count=40, examples=["belt-18.jpg"])],
        problems=[li.LabelProblem(file="annotations.json", entry="annotations[17]", reason="the box has no area")],
        problem_count=1), report=li.LabelImportUndone(id=3, undone=406, images=12, left=[li.LeftLabels(
            task=17, record=210, reason="changed since")])),
    vn.VersionDiff(before=2, after=3, added=120, removed=0, changed=1, moved=0, same=407, objects_before={"cpu": 640},
                   objects_after={"cpu": 760, "fan": 443}, next_task=None, images=[vn.ImageChange(
                       task=17, file_name="belt-17.jpg", kind="changed", split="train", was_split="train", objects=[
                           vn.ObjectChange(kind="moved", label="cpu", box=[0.25, 0.25, 0.5, 0.5],
                                           was_box=[0.25, 0.25, 0.45, 0.5])])]),
    sp.Divisions(locked=119, divisions=[sp.Division(
        division="test,train,val", splits={"test": 119, "train": 839, "val": 241}, left_out=14)]),
    _EXPORT,
    x.Exports(exports=[_EXPORT]),
    x.ExportPreview(images=528, videos=12, empty=4, objects={"cpu": 700, "fan": 503}, counted=528, gap=5.0,
                    splits={"train": x.SplitSize(images=422, videos=9, objects={"cpu": 570, "fan": 190}),
                            "val": x.SplitSize(images=106, videos=3, objects={"cpu": 130, "fan": 313})},
                    strips=[x.VideoStrip(video="belt.mp4", parts=[x.StripPart(split="train", frames=40, start=0.0,
                                                                              end=39.0)])]),
)
