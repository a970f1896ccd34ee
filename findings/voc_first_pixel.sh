#!/bin/sh
# Pascal VOC counts pixels from 1, and a box's last pixel is inside it. Of one box, from pixel 11 to 60 and 7 to 30,
# supervision 0.31.2 makes [10, 6, 60, 30] (counted from 0, the end outside), and datumaro 1.13.12 [11, 7, 60, 30]: it
# takes the numbers as they are, so its boxes are a pixel smaller and further right and down. Seen:
# "supervision [10.0, 6.0, 60.0, 30.0] datumaro [11.0, 7.0, 60.0, 30.0]".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet supervision==0.31.2 datumaro==1.13.12
"$folder/venv/bin/python" - "$folder/set" 2>/dev/null <<'PYTHON'
import sys
from pathlib import Path

import datumaro
import supervision
from PIL import Image

root = Path(sys.argv[1])
for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
    (root / name).mkdir(parents=True)
Image.new("RGB", (100, 100)).save(root / "JPEGImages" / "a.jpg")
(root / "ImageSets" / "Main" / "train.txt").write_text("a\n")
(root / "labelmap.txt").write_text("# label:color_rgb:parts:actions\ncpu:::\n")
(root / "Annotations" / "a.xml").write_text(
    "<annotation><filename>a.jpg</filename><size><width>100</width><height>100</height><depth>3</depth></size>"
    "<object><name>cpu</name><bndbox><xmin>11</xmin><ymin>7</ymin><xmax>60</xmax><ymax>30</ymax></bndbox></object>"
    "</annotation>")
first = supervision.DetectionDataset.from_pascal_voc(str(root / "JPEGImages"), str(root / "Annotations"))
(detections,) = first.annotations.values()
(item,) = datumaro.Dataset.import_from(str(root), "voc")
x, y, width, height = (float(side) for side in item.annotations[0].get_bbox())
seen = detections.xyxy[0].tolist(), [x, y, x + width, y + height]
print("supervision", seen[0], "datumaro", seen[1])
sys.exit(seen != ([10, 6, 60, 30], [11, 7, 60, 30]))
PYTHON
