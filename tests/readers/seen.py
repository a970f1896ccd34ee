"""Run in the readers' environment, on one export: what a reader sees in it, as JSON.

`python seen.py READER FOLDER` prints `[[split, file or task, [[label, [x0, y0, x1, y1]], …], {more}], …]`, in pixels.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

SPLITS = ("train", "val")


def pycocotools(folder: Path) -> list:
    from pycocotools.coco import COCO

    found = []
    for split in SPLITS:
        coco = COCO(str(folder / f"annotations_{split}.json"))
        for image in coco.imgs.values():
            mine = [one for one in coco.anns.values() if one["image_id"] == image["id"]]
            found.append([split, image["file_name"], [[coco.cats[one["category_id"]]["name"], corners(one["bbox"])]
                                                      for one in mine],
                          {"pixels": [int(coco.annToMask(one).sum()) for one in mine]}])
    return found


def supervision(folder: Path, kind: str) -> list:
    import supervision

    found = []
    for split in SPLITS:
        if kind == "voc":
            names = (folder / "ImageSets" / "Main" / f"{split}.txt").read_text().split()
            data = supervision.DetectionDataset.from_pascal_voc(str(folder / "JPEGImages"), str(folder / "Annotations"))
        else:
            names = None
            data = supervision.DetectionDataset.from_yolo(
                str(folder / "images" / split), str(folder / "labels" / split), str(folder / "data.yaml"),
                force_masks=kind == "yolo-seg", is_obb=kind == "yolo-obb")
        for path, one in data.annotations.items():
            if names is None or Path(path).stem in names:
                more = {}
                if kind == "yolo-obb" and len(one):
                    more["corners"] = one.data["xyxyxyxy"].tolist()
                if kind == "yolo-seg" and len(one):
                    more["pixels"] = [int(mask.sum()) for mask in one.mask]
                found.append([split, Path(path).name, [[data.classes[number], box] for number, box in
                                                       zip(one.class_id, one.xyxy.tolist(), strict=True)], more])
    return found


def datumaro(folder: Path, kind: str) -> list:
    import datumaro as dm

    data = dm.Dataset.import_from(str(folder), kind)
    labels = [label.name for label in data.categories()[dm.AnnotationType.label]]
    found = []
    for item in data:
        boxes = [one for one in item.annotations if one.type is dm.AnnotationType.bbox]
        masks = {one.group: int(one.image.sum()) for one in item.annotations if one.type is dm.AnnotationType.mask}
        found.append([item.subset, Path(item.media.path).name,
                      [[labels[one.label], corners([float(side) for side in one.get_bbox()])] for one in boxes],
                      {"scores": [one.attributes.get("score") for one in boxes],
                       "pixels": [masks.get(one.group) for one in boxes]}])
    return found


def datasets(folder: Path) -> list:
    import datasets

    datasets.disable_progress_bars()
    found = []
    for name, split in datasets.load_dataset(str(folder), cache_dir=str(folder.parent / "cache")).items():
        for row in split:
            objects = row["objects"]
            assert row["image"].size == (row["width"], row["height"])
            boxes = [[label, corners(box)] for label, box in zip(objects["category"], objects["bbox"], strict=True)]
            found.append([{"validation": "val"}.get(name, name), row["task_id"], boxes,
                          {"rings": [len(rings) for rings in objects["segmentation"]], "area": objects["area"]}])
    return found


def corners(box: list) -> list:
    x, y, width, height = box
    return [x, y, x + width, y + height]


def main(reader: str, folder: Path) -> None:
    kind = folder.name
    with contextlib.redirect_stdout(io.StringIO()):
        if reader in ("supervision", "datumaro"):
            found = {"supervision": supervision, "datumaro": datumaro}[reader](folder, kind)
        else:
            found = {"pycocotools": pycocotools, "datasets": datasets}[reader](folder)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
