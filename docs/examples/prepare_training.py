"""Make of an export in the format `imagefolder` what transformers' run_object_detection.py trains on.

    python prepare_training.py EXPORT FOLDER

Needs the package datasets. The script wants classes with numbers and a column `image_id`; everything else stays.
"""

import sys
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value, load_dataset


def main(export: str, folder: str) -> None:
    data = load_dataset(export)
    names = sorted({name for part in data.values() for objects in part["objects"] for name in objects["category"]})
    numbers = {name: number for number, name in enumerate(names)}
    features = Features({"image": Image(), "image_id": Value("int64"), "objects": {
        "bbox": List(List(Value("float32"))), "area": List(Value("float32")),
        "category": List(ClassLabel(names=names))}})

    def typed(row: dict[str, Any]) -> dict[str, Any]:
        objects = row["objects"]
        return {"image": row["image"], "image_id": row["task_id"], "objects": {
            "bbox": objects["bbox"], "area": objects["area"],
            "category": [numbers[name] for name in objects["category"]]}}

    Path(folder).mkdir(parents=True)
    for split, part in data.items():
        typed_part = part.map(typed, remove_columns=part.column_names, features=features)
        typed_part.to_parquet(Path(folder) / f"{split}-00000-of-00001.parquet")
    print(f"{folder}: {', '.join(f'{split} {len(part)}' for split, part in data.items())} images; {len(names)} classes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
