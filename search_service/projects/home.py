"""The home of a project, counted from our own tables: Label Studio is not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from argus.answers.home import (
    HomeImages,
    HomeLabel,
    HomeStates,
    HomeVideo,
    HomeWork,
    NextStep,
    ProjectHome,
)
from argus.db import together
from argus.errors import ArgusError
from argus.ttl_cache import Expiring
from label_studio_config import projects
from label_studio_config.bands import BANDS, CHECK_FIRST, NOTHING_FOUND, edges_of
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import recipe_for
from label_studio_config.version_store import Asked, asked_by
from label_studio_config.views import TO_FIX
from search_service.export import jobs as exports
from search_service.projects import home_store
from search_service.projects.home_store import MarkedRow, VideoRow
from search_service.sync.progress import count_tasks
from search_service.sync.store import Counts
from search_service.sync.videos import mark, shown_name

BINS = 120  # parts of a video
MOST_VIDEOS = 30
_labels_lately = Expiring[tuple[int, tuple[Asked, ...], int, int], list[HomeLabel]](seconds=60.0)
_TO_REVIEW = ("medium", "low", NOTHING_FOUND)


def project_home(project_id: int) -> ProjectHome:
    """Return what a project holds, how far it is, and what to do next. Raises `unknown_project`."""
    row = projects.load(project_id)
    asked, under_way = _asked(row), _under_way(project_id)
    with together(snapshot=True):
        home_store.begin()
        counts, videos = count_tasks(project_id), home_store.videos(project_id)
        shown = videos[:MOST_VIDEOS]
        marked = home_store.marked(project_id, row["model_version"], shown, BINS)
        parts = [one for one in marked if one.by_place]
        states = _states(row, counts, marked)
        labels = _labels(project_id, asked, states)
    step, number, band = next_step(states, under_way)
    return ProjectHome(
        project=project_id, next=step, next_count=number, next_band=band, states=states, labels=labels, bins=BINS,
        videos=_videos(videos, shown, parts), more_videos=len(videos) - len(shown), others=_images(parts, 0),
        loose=_images(parts, None), under_way=under_way)


def next_step(states: HomeStates, under_way: Sequence[HomeWork]) -> tuple[NextStep, int, str]:
    """Return the one thing to do next, how many images or tasks it is about, and the band, "" for none."""
    bands, kinds = states.bands, {one.kind for one in under_way}
    if not states.images:
        return ("wait_import" if "upload" in kinds else "add"), states.videos, ""
    if not states.embedded and states.waiting:
        return "wait_embedding", states.waiting, ""
    if "run" in kinds:
        return "watch_run", states.untouched, ""
    if not states.predicted and states.untouched:
        return "annotate", states.untouched, ""
    if bands[CHECK_FIRST]:
        return "check_first", bands[CHECK_FIRST], ""
    if bands["high"]:
        return "accept", bands["high"], "high"
    if first := next((band for band in _TO_REVIEW if bands[band]), ""):
        return "review", sum(bands[band] for band in _TO_REVIEW), first
    if bands[TO_FIX]:
        return "fix", bands[TO_FIX], TO_FIX
    return ("annotate_rest", states.untouched, "") if states.untouched else ("export", states.annotated, "")


def _asked(row: ProjectRow) -> list[Asked]:
    try:
        return asked_by(recipe_for(row))
    except ArgusError:
        return []  # a labelling config that nothing can be predicted for


def _under_way(project_id: int) -> list[HomeWork]:
    work = [HomeWork.model_validate(one._asdict()) for one in home_store.work(project_id)]
    return work + [HomeWork(kind="export", id=str(one.id), names=[one.format], queued=one.state == "queued",
                            progress=one.written / one.total if one.total else 0.0)
                   for one in exports.listing(project_id) if one.state in ("queued", "running")]


def _states(row: ProjectRow, counts: Counts, marked: Sequence[MarkedRow]) -> HomeStates:
    edges, bands = edges_of(row), Counter(dict.fromkeys((*BANDS, CHECK_FIRST, TO_FIX), 0))
    for one in marked:
        if one.open and not one.by_place:
            bands[TO_FIX if one.aside else edges.band(one.score)] += one.open
    parts = [one for one in marked if one.by_place]
    return HomeStates(
        images=counts.seen, embedded=counts.embedded, waiting=counts.waiting, failed=counts.failed,
        videos=home_store.count_video_tasks(row["id"]), predicted=sum(one.predicted for one in parts),
        bands=dict(bands), annotated=sum(one.annotated for one in parts), accepted=sum(one.accepted for one in parts),
        skipped=sum(one.skipped for one in parts), untouched=sum(one.untouched for one in parts))


def _labels(project_id: int, asked: Sequence[Asked], states: HomeStates) -> list[HomeLabel]:
    """The labels that are looked for, in their order, and behind them what else is annotated. Counting objects reads
    all that was detected, so it is done when something was predicted or annotated meanwhile, and once a minute."""
    key = project_id, tuple(asked), states.predicted, states.annotated
    labels = _labels_lately.get(key)
    if labels is None:
        labels = _labels_lately[key] = _count_labels(project_id, asked)
    return labels


def _count_labels(project_id: int, asked: Sequence[Asked]) -> list[HomeLabel]:
    found = {one.label: one for one in home_store.detected(project_id, asked)}
    drawn = {one.label: one.images for one in home_store.annotated(project_id)}
    names = dict.fromkeys([*(one.label for one in asked), *sorted(drawn)])
    return [HomeLabel(label=label, objects=found[label].objects if label in found else 0,
                      images=found[label].images if label in found else 0, annotated=drawn.get(label, 0))
            for label in names]


def _images(parts: Sequence[MarkedRow], place: int | None) -> HomeImages:
    of = [one for one in parts if one.place == place]
    return HomeImages(images=sum(one.images for one in of), predicted=sum(one.open for one in of),
                      annotated=sum(one.annotated for one in of))


def _videos(videos: Sequence[VideoRow], shown: Sequence[VideoRow], parts: Sequence[MarkedRow]) -> list[HomeVideo]:
    names, made = Counter(one.video for one in videos), []
    for place, video in enumerate(shown, 1):
        spread = {name: [0] * BINS for name in ("images", "open", "annotated")}
        for one in parts:
            if one.place == place and one.part is not None:
                for name, numbers in spread.items():
                    numbers[max(one.part, 0)] += getattr(one, name)
        shared, of = names[video.video] > 1, _images(parts, place)
        made.append(HomeVideo(
            name=shown_name(video.video, video.video_id, shared) or "", seconds=video.seconds or 0.0,
            filter=mark(video.video, video.video_id) if video.video_id or shared else video.video or "",
            images=of.images, predicted=of.predicted, annotated=of.annotated, frames_in=spread["images"],
            predicted_in=spread["open"], annotated_in=spread["annotated"]))
    return made
