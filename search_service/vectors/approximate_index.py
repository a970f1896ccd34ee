"""What a model and its approximate indexes are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from psycopg import sql


@dataclass(frozen=True)
class Collection:
    """What has vectors, and the names of its tables and columns: `of` is the table of what has them, `key` its id in
    the tables of vectors, `written` the ids that a version wrote."""

    of: str
    prefix: str
    key: str
    written: str
    ranking: str  # the SQL function

    @property
    def id(self) -> sql.Identifier:
        return sql.Identifier(self.key)

    @property
    def states(self) -> sql.Identifier:
        return sql.Identifier(f"{self.prefix}embedding_state")

    @property
    def batches(self) -> sql.Identifier:
        return sql.Identifier(f"{self.prefix}embedding_batch")


IMAGES = Collection("task", "", "task_id", "tasks", "search_similar_frames")
OBJECTS = Collection("object", "object_", "object_id", "objects", "search_similar_objects")


@dataclass(frozen=True)
class Model:
    """A registered embedding model, and of what its vectors are meant: of images, or (`objects`) of objects' crops."""

    id: int
    name: str
    dim: int
    collection: Collection = IMAGES

    @property
    def objects(self) -> Model:
        return replace(self, collection=OBJECTS)

    @property
    def images(self) -> Model:
        return replace(self, collection=IMAGES)

    @property
    def parent(self) -> str:
        """The table of all models of this dimension."""
        return f"{self.collection.prefix}embedding_{self.dim}"

    @property
    def table_name(self) -> str:
        return f"{self.parent}_m{self.id}"

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(self.table_name)


@dataclass(frozen=True)
class Index:
    """A project's own approximate index: `hnsw`, or `ivfflat` with a number of lists; `valid` once it is built; `once`:
    of identical vectors it holds one."""

    kind: str
    valid: bool
    lists: int = 0
    once: bool = False

    @property
    def probes(self) -> int:
        """Lists an IVFFlat search looks into: a sixth of them; with a tenth about 4 of 100 right hits are missed."""
        return max(10, -(-self.lists // 6))
