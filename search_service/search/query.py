"""What a person asks for: text, examples to be like and unlike, and filters. The form searches are kept in."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from argus.errors import ArgusError
from search_service.search.filters import Filters, ObjectFilters
from search_service.search.query_text import MAX_CHARACTERS

MAX_EXAMPLES = 20
TaskId = Annotated[int, Field(ge=1, lt=2**63)]
Side = Annotated[float, Field(ge=0, le=1)]


class Example(BaseModel):
    """An image, or a part of one: that of a task, or a file; or an object that was detected."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    task: TaskId | None = None
    object: TaskId | None = Field(default=None, description="An object, as a search of objects gives it.")
    image: str | None = Field(default=None, description="A file, base64.")
    box: tuple[Side, Side, Side, Side] | None = Field(
        default=None, description="Part of the image: x0, y0, x1, y1 as fractions of its sides.")

    @model_validator(mode="after")
    def _one_source(self) -> Example:
        if [self.task, self.object, self.image].count(None) != 2:
            raise ValueError("give exactly one of task, object, image")
        if self.object is not None and self.box:
            raise ValueError("an object has a box of its own")
        if self.box and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError("box must lie inside the image: 0 ≤ x0 < x1 ≤ 1 and 0 ≤ y0 < y1 ≤ 1")
        return self

    def __str__(self) -> str:
        what = f"object {self.object}" if self.object else "image" if self.task is None else f"task {self.task}"
        return f"part {' '.join(f'{100 * side:.0f}' for side in self.box)} % of {what}" if self.box else what


Examples = Annotated[list[Example], Field(max_length=MAX_EXAMPLES)]


class SearchQuery(BaseModel):
    """A search: what to look for, what to exclude, and among which tasks."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", description="What to look for; -word and -\"two words\" exclude. "
                      f"At most {MAX_CHARACTERS:,} characters.")  # checked where the text is read
    like: Examples = Field(default_factory=list, description="Images the hits should be like.")
    unlike: Examples = Field(default_factory=list, description="Images the hits should not be like.")
    filters: Filters = Field(default_factory=Filters)

    @property
    def is_savable(self) -> bool:
        """Whether it can be asked again later: an uploaded file is not kept."""
        return all(example.image is None for example in [*self.like, *self.unlike])

    @property
    def examples(self) -> list[int]:
        """The tasks given as examples; a person has seen them already, so they are not among the hits."""
        return sorted({e.task for e in [*self.like, *self.unlike] if e.task is not None})

    @property
    def example_objects(self) -> list[int]:
        """The objects given as examples."""
        return sorted({e.object for e in [*self.like, *self.unlike] if e.object is not None})

    def title(self) -> str:
        """Return it as a person reads it: `cpu -fan · like task 7 · not like task 9 · labelled: no`."""
        parts = [" ".join(self.text.split())] if self.text.split() else []
        parts += [f"like {', '.join(map(str, self.like))}"] if self.like else []
        parts += [f"not like {', '.join(map(str, self.unlike))}"] if self.unlike else []
        for name, value in self.filters.model_dump(mode="json", exclude_defaults=True).items():
            shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            parts.append(f"{name.replace('_', ' ')}: {shown}")
        return " · ".join(parts)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the stored form: only what was asked for."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def check(self) -> SearchQuery:
        """Return itself. Raises `empty_query` when there is nothing to rank by."""
        if not self.text.strip() and not self.like:
            raise ArgusError("empty_query", "The query is empty: there is nothing to search for.",
                             "Type what you are looking for, or give an image or a task to be like.")
        return self


class ObjectQuery(SearchQuery):
    """A search of objects; examples are regions of images, or objects."""

    filters: ObjectFilters = Field(default_factory=ObjectFilters)
