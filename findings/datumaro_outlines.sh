#!/bin/sh
# datumaro 1.13.12 reads a YOLO segmentation data set (a class and an outline on each line, as Ultralytics documents it)
# as format "yolo" without an error, and leaves out every image that has an object: of two images one is left, the one
# without objects. Seen: "1 of 2 images: empty".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet datumaro==1.13.12
"$folder/venv/bin/python" - "$folder/set" 2>/dev/null <<'PYTHON'
import sys
from pathlib import Path

import datumaro
from PIL import Image

root = Path(sys.argv[1])
for name, lines in {"triangle": "0 0.2 0.2 0.8 0.2 0.8 0.8\n", "empty": ""}.items():
    for part in ("images", "labels"):
        (root / part / "train").mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (100, 100)).save(root / "images" / "train" / f"{name}.png")
    (root / "labels" / "train" / f"{name}.txt").write_text(lines)
(root / "data.yaml").write_text("train: images/train\nval: images/train\nnc: 1\nnames:\n  0: cpu\n")
items = [item.id for item in datumaro.Dataset.import_from(str(root), "yolo")]
print(f"{len(items)} of 2 images: {', '.join(items)}")
sys.exit(items != ["empty"])
PYTHON
