"""Parquet as Hugging Face's `datasets` reads it: `load_dataset(FOLDER)` gives pictures and objects.

Files `data/SPLIT-00000.parquet`, `train` without splits, of some 100 MB each. A row is an image: `image` (its file's
bytes and name; without bytes when image files are left out), `width`, `height`, `task_id`, and `objects`, as in the
image folder, with `score` besides: null where no model gave one. `provenance.jsonl` has where images and objects come
from.

Arrow's implementation in Rust writes them (arro3, the extra `parquet`): a fifth of pyarrow's size. Rows wait in a file
as JSON, in which bytes are hexadecimal, so that memory does not grow with the export.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypedDict

from pydantic import JsonValue

from argus.errors import ArgusError
from search_service.export.imagefolder import Objects, objects_of
from search_service.export.provenance import ProvenanceFile
from search_service.export.records import ExportImage

if TYPE_CHECKING:
    from arro3.core import Schema

_SHARD, _ROWS = 200 * 2**20, 100  # characters of JSON in a file, twice the bytes of images; rows that are read at once
_WAITING = ".rows.part"
_VALUES = {"bbox": "float64", "category": "string", "segmentation": "float64", "area": "float64", "rotation": "float64",
           "origin": "string", "score": "float64"}
_DEPTH = {"bbox": 2, "segmentation": 3}  # lists in lists; else one


class _Scored(Objects):
    score: list[float | None]


class _Image(TypedDict):
    bytes: str | None  # hexadecimal
    path: str


class _Row(TypedDict):
    image: _Image
    width: int
    height: int
    task_id: int
    objects: _Scored


class ParquetWriter:
    """Writes a file whenever enough rows wait.

    Raises:
        ArgusError: `bad_request` where the extra `parquet` is not installed.
    """

    first = 0

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._schema = _schema()
        self._folder = folder / "data"
        self._folder.mkdir()
        self._splits = {split: _Split(self._folder, split or "train", self._schema) for split in splits or [""]}
        self._provenance = ProvenanceFile(folder)

    def images(self, split: str) -> str:
        return ""

    def add(self, image: ExportImage, split: str) -> list[str]:
        data = image.data if image.file is None else image.file.read_bytes()
        scores = [item.score for item in image.objects]
        self._splits[split].add({
            "image": {"bytes": data.hex() if data is not None else None, "path": image.file_name},
            "width": image.width, "height": image.height, "task_id": image.source.get("task_id", 0),
            "objects": {**objects_of(image.objects), "score": scores}})
        self._provenance.add(image, split)
        return []

    def close(self) -> None:
        self._provenance.close()
        for split in self._splits.values():
            split.close()


class _Split:
    """The files of one split, and the rows that wait for the next."""

    def __init__(self, folder: Path, name: str, schema: Schema) -> None:
        self._folder, self._name, self._schema = folder, name, schema
        self._rows: IO[str] = (folder / f"{name}{_WAITING}").open("w", encoding="ascii")
        self._size = self._files = 0

    def add(self, row: _Row) -> None:
        self._size += self._rows.write(json.dumps(row) + "\n")
        if self._size >= _SHARD:
            self._flush()
            self._rows = Path(self._rows.name).open("w", encoding="ascii")  # noqa: SIM115 - closed by `_flush`

    def close(self) -> None:
        self._flush(last=True)
        Path(self._rows.name).unlink()

    def _flush(self, *, last: bool = False) -> None:
        from arro3.io import read_json, write_parquet

        self._rows.close()
        if self._size or (last and not self._files):
            rows = read_json(Path(self._rows.name), self._schema, batch_size=_ROWS)
            write_parquet(rows, self._folder / f"{self._name}-{self._files:05}.parquet", compression="zstd(3)",
                          max_row_group_size=_ROWS, dictionary_enabled=False, skip_arrow_metadata=True,
                          key_value_metadata={"huggingface": json.dumps({"info": {"features": _features()}})})
            self._files += 1
        self._size = 0


def _schema() -> Schema:
    try:
        import arro3.io  # noqa: F401
        from arro3.core import DataType, Field, Schema
    except ImportError as error:
        raise ArgusError("bad_request", "Parquet cannot be written here: the package arro3-io is missing.",
                         "Install it with `pip install 'argus-label-studio[parquet]'` where exports are made, or "
                         "choose imagefolder.") from error
    kinds = {"float64": DataType.float64(), "string": DataType.string()}

    def lists(kind: DataType, depth: int) -> DataType:
        for _ in range(depth):
            kind = DataType.list(Field("item", kind, nullable=True))
        return kind

    objects = [Field(name, lists(kinds[kind], _DEPTH.get(name, 1))) for name, kind in _VALUES.items()]
    image = [Field("bytes", DataType.binary()), Field("path", DataType.string())]
    return Schema([Field("image", DataType.struct(image)), Field("width", DataType.int64()),
                   Field("height", DataType.int64()), Field("task_id", DataType.int64()),
                   Field("objects", DataType.struct(objects))])


def _features() -> dict[str, JsonValue]:
    """Return the columns as `datasets` names them; `Sequence` is known to all of its releases."""
    def nested(kind: str, depth: int) -> JsonValue:
        return {"feature": nested(kind, depth - 1), "_type": "Sequence"} if depth else {"dtype": kind, "_type": "Value"}

    number: JsonValue = {"dtype": "int64", "_type": "Value"}
    objects: JsonValue = {name: nested(kind, _DEPTH.get(name, 1)) for name, kind in _VALUES.items()}
    return {"image": {"_type": "Image"}, "width": number, "height": number, "task_id": number, "objects": objects}
