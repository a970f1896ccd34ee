"""`provenance.jsonl`: what a format has no place for, a line an image with its objects in their order."""

from __future__ import annotations

import json
from pathlib import Path

from search_service.export.records import ExportImage


class ProvenanceFile:
    def __init__(self, folder: Path) -> None:
        self._file = (folder / "provenance.jsonl").open("w", encoding="utf-8")

    def add(self, image: ExportImage, split: str) -> None:
        objects = [{"score": item.score, "origin": item.origin, "region_ids": list(item.regions)}
                   for item in image.objects]
        record = {"file_name": image.file_name, **({"split": split} if split else {}), **image.source,
                  "objects": objects}
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()
