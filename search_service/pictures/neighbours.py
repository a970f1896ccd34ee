"""The frames of a video before and after one of them."""

from __future__ import annotations

from argus.answers.tasks import Neighbour, Neighbours
from argus.errors import ArgusError
from argus.settings import get_settings
from search_service.pictures import store
from search_service.vectors.store import current_model


def around(project_id: int, task_id: int, each: int) -> Neighbours:
    """Return up to `each` frames before and as many after a task's, and where the picture changes: the nearest frames
    whose embedding is less alike than that of near-duplicates.

    Raises:
        ArgusError: `unknown_task`.
    """
    frame = store.find_frame(project_id, task_id)
    if frame is None:
        if store.find_task(project_id, task_id) is None:
            raise ArgusError("unknown_task", f"The project {project_id} has no task {task_id}.")
        return Neighbours(frames=[], earlier=False, later=False, previous_change=None, next_change=None)
    model, alike = current_model(), get_settings().duplicate_similarity
    before, after = (store.frames_beside(project_id, frame, model, each + 1, later=later) for later in (False, True))
    changes = [store.frames_beside(project_id, frame, model, 1, later=later, below=alike) for later in (False, True)]
    previous, following = (next((one.id for one in found), None) for found in changes)
    return Neighbours(
        frames=[Neighbour(task=one.id, video_time=one.video_time, frame_number=one.frame_number,
                          same=one is frame or (one.similarity is not None and one.similarity >= alike))
                for one in (*before[:each][::-1], frame, *after[:each])],
        earlier=len(before) > each, later=len(after) > each, previous_change=previous, next_change=following)
