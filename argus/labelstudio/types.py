"""Label Studio's own JSON, named. The field names are those of its REST API (https://api.labelstud.io) and, for
regions, of its export format (https://labelstud.io/guide/export); seen with Label Studio 1.23.

These are shapes and no proof: what other programs stored may lack a field or hold another value. A field that is not
`Required` is left out for some requests (a listing has only what it was asked for) or by some versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Required, TypedDict

from pydantic import JsonValue

TaskData = dict[str, JsonValue]


class RegionValue(TypedDict, total=False):
    """What a region says: its shape, and its labels under a key named after the control (`rectanglelabels`, `labels`).

    Lengths are percent of the image (0-100), x and width of its width, y and height of its height. `x` and `y` are the
    top left corner of a rectangle, the centre of an ellipse. `rotation` is in degrees, clockwise about the corner or
    the centre. `rle` is Label Studio's own coding of a mask's RGBA pixels, as of `argus.labelstudio.brush_rle`.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float
    radiusX: float
    radiusY: float
    points: Sequence[Sequence[float]]
    closed: bool
    format: str
    rle: Sequence[int]
    imageDataURL: str
    vertices: list[JsonValue]
    labels: list[str]
    rectanglelabels: list[str]
    brushlabels: list[str]
    polygonlabels: list[str]
    ellipselabels: list[str]
    keypointlabels: list[str]
    choices: list[str]


class Region(TypedDict, total=False):
    """One item of a `result`: a shape, the label of a shape with the same `id`, a choice, or a relation (no `value`).

    `original_width` and `original_height` are pixels of the image as a person sees it; `score` is 0-1; `item_index` is
    the place in a list of images, left out for the first.
    """

    id: str
    type: str
    from_name: str
    to_name: str
    value: RegionValue
    score: float
    origin: Literal["manual", "prediction", "prediction-changed"]
    original_width: int
    original_height: int
    image_rotation: int
    item_index: int
    meta: TaskData


class Prediction(TypedDict, total=False):
    """What a model said of a task. `score` is 0-1, None without one."""

    id: Required[int]
    task: int
    project: int
    result: list[Region]
    score: float | None
    model_version: str
    created_at: str
    updated_at: str


class Annotation(TypedDict, total=False):
    """What a person said of a task; `was_cancelled`: they skipped it. Times are ISO 8601 in UTC."""

    id: Required[int]
    task: int
    project: int
    result: list[Region]
    was_cancelled: bool
    completed_by: int
    parent_prediction: int | None
    lead_time: float | None
    created_at: str
    updated_at: str


class Draft(TypedDict, total=False):
    """Unsaved work of somebody: on an annotation, or None for a new one."""

    id: Required[int]
    annotation: int | None
    result: list[Region]


class Task(TypedDict, total=False):
    """A task as the Data Manager lists it. It computes a column only when the listing asks for it or filters by it.

    `predictions_score` is the mean score (0-1) of the predictions of the project's model version; `annotations_ids`
    are numbers joined by commas.
    """

    id: Required[int]
    project: int
    data: TaskData
    annotations: list[Annotation]
    predictions: list[Prediction]
    total_annotations: int
    cancelled_annotations: int
    total_predictions: int
    predictions_score: float | None
    annotations_ids: str
    created_at: str
    updated_at: str
    completed_at: str


class TaskPage(TypedDict):
    """A page of a listing. `total` is how many tasks meet the conditions."""

    tasks: list[Task]
    total: int


class User(TypedDict, total=False):
    """An account as other objects name it."""

    id: Required[int]
    email: str


class Project(TypedDict, total=False):
    """A project as its settings describe it."""

    id: Required[int]
    title: Required[str]
    label_config: Required[str]
    model_version: str | None
    show_collab_predictions: bool
    reveal_preannotations_interactively: bool
    task_number: int
    created_by: User | None


class MlBackendSettings(TypedDict, total=False):
    """What can be set of an ML backend. Its `title` is the model version Label Studio asks it for; a password is never
    told again."""

    project: int | None
    url: Required[str]
    title: str
    is_interactive: bool
    auth_method: Literal["NONE", "BASIC_AUTH"]
    basic_auth_user: str
    basic_auth_pass: str


class MlBackend(MlBackendSettings, total=False):
    """An ML backend that a project is connected to."""

    id: Required[int]
    readable_state: str
    error_message: str | None
    model_version: str | None


class WebhookSettings(TypedDict, total=False):
    """Where Label Studio posts the events of a project, those of `actions` or all."""

    project: int | None
    url: Required[str]
    is_active: bool
    send_payload: bool
    send_for_all_actions: bool
    actions: list[str]
    headers: dict[str, str]


class Webhook(WebhookSettings):
    """A webhook of a project."""

    id: int


class Between(TypedDict):
    """A closed range of times (ISO 8601) or numbers."""

    min: str | float
    max: str | float


class Condition(TypedDict):
    """One item of a Data Manager filter: the column as `filter:tasks:<column>`, an operator and what to compare with.

    `type` is the column's: "Number", "String", "Datetime", "Boolean", "List".
    """

    filter: str
    operator: str
    type: str
    value: str | float | Sequence[str] | Between


class Filter(TypedDict):
    """The tasks that meet all conditions, or any of them."""

    conjunction: Literal["and", "or"]
    items: list[Condition]


class Picked(TypedDict):
    """Tasks picked one by one; `all` would turn the list into what is left out."""

    all: bool
    included: list[int]


class Selection(TypedDict):
    """The part of a query or an action that picks tasks."""

    selectedItems: Picked


class Column(TypedDict, total=False):
    """A column of the Data Manager; those of a task's data have the parent "data"."""

    id: Required[str]
    parent: str
    title: str
    type: Required[str]


class HiddenColumns(TypedDict, total=False):
    """Columns that a view hides, in the list of tasks (`explore`) and while labelling."""

    explore: list[str]
    labeling: list[str]


class ViewData(TypedDict, total=False):
    """A view (tab) of the Data Manager. A column of `ordering` with a minus before it descends."""

    title: str
    type: str
    target: str
    filters: Filter
    ordering: list[str]
    hiddenColumns: HiddenColumns
    columnsWidth: dict[str, int]
    columnsDisplayType: dict[str, str]
    gridWidth: int
    selectedItems: Picked


class View(TypedDict, total=False):
    """A view of a project."""

    id: Required[int]
    project: int
    data: ViewData
