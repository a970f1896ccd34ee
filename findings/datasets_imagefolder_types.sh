#!/bin/sh
# datasets 5.2.0 takes the types of an image folder's metadata from each split's metadata.jsonl before it looks at the
# features that the README declares, and refuses splits that differ: a column that is null on all images of one split,
# or whole numbers in one and fractions in the other, ends load_dataset. Seen:
# "ValueError: Metadata files … have different features".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet datasets==5.2.0 pillow==12.3.0
HOME="$folder" "$folder/venv/bin/python" - "$folder/set" 2>/dev/null <<'PYTHON'
import json
import sys
from pathlib import Path

import datasets
from PIL import Image

root = Path(sys.argv[1])
for split, score in (("train", 0.5), ("test", None)):
    (root / split).mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(root / split / "a.png")
    (root / split / "metadata.jsonl").write_text(json.dumps({"file_name": "a.png", "score": score}) + "\n")
(root / "README.md").write_text("---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n"
                                "  - name: score\n    dtype: float64\n---\n")
try:
    datasets.load_dataset(str(root), cache_dir=str(root.parent / "cache"))
    seen = "loaded"
except ValueError as error:
    seen = "have different features" in str(error)
    print("ValueError: Metadata files … have different features" if seen else error)
sys.exit(seen is not True)
PYTHON
