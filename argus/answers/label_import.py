"""Labels that are brought in from files."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Error, Moment

Taken = Literal["annotations", "predictions"]
LabelImportJobState = Literal["planning", "planned", "queued", "running", "done", "failed", "cancelled",
                              "undoing", "undone"]


class Told(Answer):
    """Why images were left alone, or what objects lose: how many, and the first of them by name."""

    reason: str
    count: int
    examples: list[str]


class LabelProblem(Answer):
    """An entry of a file that cannot be read, or has no place in the project."""

    file: str
    entry: str
    """Its line, or its place in JSON; empty: all of the file."""
    reason: str


class LabelImportPlan(Answer):
    """What an import would write, and what it would not."""

    format: Literal["coco", "yolo", "label-studio"]
    taken: Taken
    model_version: str
    images: int
    """In the labels."""
    matched: dict[str, int]
    """Images whose task was found, by what told it: path, name, digest."""
    new_images: int
    """Images that came along and would become tasks."""
    tasks: int
    """That would be written to, those of new images among them."""
    objects: dict[str, int]
    """That would be written, by label."""
    there_already: int
    """Tasks to which an earlier import wrote the same."""
    splits: dict[str, int]
    """Images of the labels by the split that their file or folder names."""
    left_alone: list[Told]
    """Images of which nothing is written."""
    lacking: dict[str, int]
    """Objects that are left out because the labelling config lacks their label, by label."""
    losses: list[Told]
    """What cannot be kept of objects that are written."""
    problems: list[LabelProblem]
    """The first 1,000."""
    problem_count: int


class LabelImported(Answer):
    """An import that was made; `id` is None when there was nothing to write."""

    id: int | None
    tasks: int
    objects: int
    new_images: int
    missed: int
    """Tasks that people annotated, or deleted, while the import ran: nothing was written to them."""
    splits: dict[str, int]
    """Tasks whose split was kept as that of the project's division, by split."""
    plan: LabelImportPlan


class LabelImport(Answer):
    """An import as it is listed; `tasks`, `objects` and `images` are those of it that are there."""

    id: int
    project_id: int
    taken: Taken
    model_version: str
    name: str
    state: Literal["running", "done", "failed", "undone"]
    error: Error | None
    imported_by: str
    created_at: Moment
    finished_at: Moment | None
    tasks: int
    objects: int
    images: int
    withdrawn_at: Moment | None
    """Of a failed one: when what it had written was taken back."""


class LabelImportJob(Answer):
    """An import that was asked for on the page or by REST: first what it would write (`planning`, `planned`), then,
    once it is started, the import. A cancelled one without `finished_at` is being taken back. An undo that was asked
    for is `undoing` and `undone`; `import_id` says of what."""

    id: int
    project: int
    name: str
    """Of the file."""
    taken: Taken
    model_version: str
    images: bool
    """Whether images that came along become tasks."""
    keep_splits: bool
    state: LabelImportJobState
    planned: bool
    """Whether it is known what it would write."""
    done: int
    """Tasks written, of `total`, images that become tasks counted twice."""
    total: int
    import_id: int | None
    """The import in the list of imports, once it writes."""
    missed: int
    """Tasks that people annotated, or deleted, while the import ran: nothing was written to them."""
    error: Error | None
    """Why it failed, or why it waits for another attempt."""
    asked_by: str
    created_at: Moment
    finished_at: Moment | None


class LeftLabels(Answer):
    """What an undo left in place, and why; without `record` the task itself."""

    task: int
    record: int | None
    """The annotation's or prediction's id."""
    reason: str


class LabelImportUndone(Answer):
    """An import that was taken back."""

    id: int
    undone: int
    """Annotations or predictions that are gone."""
    images: int
    """Tasks that the import had made and that are gone."""
    left: list[LeftLabels]


class PlannedLabelImport(LabelImportJob):
    """An import or undo that was asked for: with what it would write, or with what was undone; None until known."""

    plan: LabelImportPlan | None
    report: LabelImportUndone | None


class LabelImports(Answer):
    """The last imports of a project, newest first, and those that were asked for on the page or by REST."""

    project: int
    imports: list[LabelImport]
    jobs: list[LabelImportJob]
