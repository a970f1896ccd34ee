"""Train a detector on what prepare_training.py made of an export.

    python train_detector.py FOLDER CHECKPOINT DETECTOR [--epochs 40] [--batch 8] [--rate 5e-5]

CHECKPOINT is a folder or a name of transformers' AutoModelForObjectDetection; its classes become those of FOLDER.
DETECTOR is the folder that Argus reads. Needs the packages datasets and accelerate beside torch and transformers.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from datasets import load_dataset
from transformers import AutoImageProcessor, AutoModelForObjectDetection, Trainer, TrainingArguments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("folder", "checkpoint", "detector"):
        parser.add_argument(name)
    parser.add_argument("--epochs", type=float, default=40)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5e-5)
    asked = parser.parse_args()

    data = load_dataset(asked.folder)
    names = data["train"].features["objects"]["category"].feature.names
    processors: Any = AutoImageProcessor
    processor = processors.from_pretrained(asked.checkpoint)
    model = AutoModelForObjectDetection.from_pretrained(
        asked.checkpoint, id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)},
        ignore_mismatched_sizes=True)

    def batch(rows: list[dict[str, Any]]) -> Any:
        marked = [{"image_id": row["image_id"], "annotations": [
            {"image_id": row["image_id"], "category_id": category, "bbox": box, "area": area, "iscrowd": 0}
            for box, category, area in zip(*(row["objects"][key] for key in ("bbox", "category", "area")), strict=True)
        ]} for row in rows]
        return processor(images=[row["image"].convert("RGB") for row in rows], annotations=marked, return_tensors="pt")

    judged = data.get("validation")
    trainer = Trainer(model=model, data_collator=batch, train_dataset=data["train"], eval_dataset=judged,
                      processing_class=processor, args=TrainingArguments(
                          output_dir=str(Path(asked.detector).with_name(f".{Path(asked.detector).name}-training")),
                          num_train_epochs=asked.epochs, per_device_train_batch_size=asked.batch,
                          learning_rate=asked.rate, eval_strategy="epoch" if judged else "no", save_strategy="no",
                          remove_unused_columns=False, report_to=[]))
    trainer.train()
    trainer.save_model(asked.detector)
    print(f"{asked.detector}: {len(names)} classes")


if __name__ == "__main__":
    main()
