"""What the routes of set-up, health and export take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from argus.answers.evaluation import Split
from argus.answers.label_import import Taken
from search_service.evaluation.service import LISTED, MIN_SCORE
from search_service.export.source import Source
from search_service.search.fields import Request

Label = Annotated[str, Field(min_length=1, max_length=500)]
# The length apart from the pattern: `\w{0,30}` is compiled to thirty copies of all of Unicode's letters, 4 MB.
SplitName = Annotated[str, Field(max_length=31, pattern=r"^[a-z]\w*$")]


class ConnectRequest(Request):
    """A project to adopt, or one to create."""

    project: Annotated[int, Field(ge=1)] | None = Field(None, description="Adopt this project of Label Studio.")
    title: str | None = Field(None, max_length=50, description="Create a project of this title.")
    labels: list[Label] = Field(default_factory=list, max_length=200, description="Of a project without a config.")
    masks: bool = Field(False, description="Masks beside the boxes. Of a project that is there they are added, and "
                        "its predictions get theirs from what is stored.")
    dry_run: bool = Field(False, description="Change nothing, only say what would change.")

    @model_validator(mode="after")
    def _one(self) -> ConnectRequest:
        if (self.project is None) == (self.title is None):
            raise ValueError("give exactly one of project, title")
        return self


class DoctorRequest(Request):
    """Which projects the doctor looks at."""

    project: Annotated[int, Field(ge=1)] | None = Field(None, description="This one; without it, every connected one.")


class SplitsRequest(Request):
    """A division of the project's frames into splits."""

    splits: str = Field("", max_length=200, description="The division into these splits, such as `train,val`; not "
                        "needed when there is one only.")


class VersionDiffRequest(Request):
    """Which version to compare with, and which of the images that differ to name."""

    before: int = Field(ge=1, description="The number of the earlier version.")
    after_task: int = Field(0, ge=0, description="Name images of later tasks: `next_task` of the answer before.")
    limit: int = Field(50, ge=1, le=500, description="Images to name.")


class JudgeRequest(Request):
    """Which predictions to judge by people's annotations, and on which images."""

    model_version: str = Field("", max_length=256, description="Whose predictions to judge; empty: the project's own.")
    on: Split = Field("test", description="The split that exports made, or every annotated image.")
    against: str = Field("", max_length=256, description="Another model version to compare with.")
    splits: str = Field("", max_length=200, description="The division into these splits, such as `train,val,test`; "
                        "not needed when only one has the split.")
    min_score: float = Field(MIN_SCORE, ge=0, le=1, description="Detections of a lower score are in no table of "
                             "confusions and in no list; AP, AR and calibration have them.")
    only_predicted: bool = Field(False, description="Leave out images without a prediction of the model version. Else "
                                 "nothing counts as found on them.")
    limit: int = Field(LISTED, ge=0, le=1000, description="Boxes of each list.")


class LabelImportRequest(Request):
    """Label files that were uploaded, and what they are to become."""

    upload: str = Field(pattern="^[0-9a-f]{32}$", description="The upload with the labels: a file or a ZIP, sent with "
                        "the purpose `labels`.")
    images: str | None = Field(None, pattern="^[0-9a-f]{32}$", description="The upload with images that become tasks "
                               "where they are none; it may be the same one. Without it no image does.")
    taken: Taken = Field("annotations", description="What the labels become.")
    model_version: str = Field("", max_length=200, description="Of predictions: the model that made them.")
    keep_splits: bool = Field(False, description="Keep the splits of the dataset for later exports.")


class ExportJobRequest(Request):
    """An export made in the background."""

    format: str = Field("coco", max_length=20, description="coco or yolo.")
    source: Source = Field("annotations", description="What people accepted or drew, what the model predicted, or "
                           "both: predictions where nobody has annotated or skipped.")
    masks: bool = Field(False, description="YOLO: outlines instead of boxes. COCO always has both.")
    images: bool = Field(True, description="Copy the image files.")
    splits: dict[SplitName, Annotated[float, Field(gt=0, le=100)]] = Field(
        default_factory=dict, max_length=5, description="Shares such as {\"train\": 80, \"val\": 20}; frames that "
        "are near in time or look alike are never in two of them.")
    leak_report: bool = Field(True, description="Tell of each frame in another split than training how near the "
                              "nearest training frame is, in time and by embedding.")
    note: str = Field("", max_length=2000, description="What is new in this version.")
    licence: str = Field("", max_length=200, description="Of images and labels, for the dataset's card, such as "
                         "`cc-by-4.0`.")
