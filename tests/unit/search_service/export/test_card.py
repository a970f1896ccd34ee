"""What a dataset's card says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from argus.answers.export import LeakReport, SkippedTasks, WrittenExport
from argus.answers.versions import VersionBody, VersionCertificate, VersionConcept
from search_service.export import card

LEAKS = LeakReport(checked=30, leaking=2, share=0.0667, gap=5, cosine=0.985, without_vector=1, worst=[])
SKIPPED = [SkippedTasks(reason="its image cannot be opened", count=2, tasks=[3, 4])]
HEADING = "Line: 3 <b> (Label Studio project 7)"


def body(report: WrittenExport, **changed: Any) -> VersionBody:
    said = VersionBody(
        version=3, project=7, title="Line: 3 <b>", note="More *fans*", made_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        made_by="ann@example.com", argus="1.2", format="coco", source="both", masks=False, images_included=False,
        shares={"train": 0.8, "val": 0.2}, gap=5, cosine=0.985, model_version="sam3-1",
        concepts=[VersionConcept(label="cpu", prompts=["cpu", "chip"], threshold=0.5)], label_config="d",
        certificates=[VersionCertificate(id=1, sentence="At least 95 % of the objects are right.", digest="abc" * 20)],
        images=90, objects={}, splits=report.splits, skipped=report.skipped, leaks=report.leaks, licence="cc-by-4.0")
    return said.model_copy(update=changed)


def report(**changed: Any) -> WrittenExport:
    found = WrittenExport(images=90, objects=11, boxes=0, categories=2, splits={"train": 60, "val": 30},
                          skipped=SKIPPED, leaks=LEAKS, version=3, folder="out")
    return found.model_copy(update=changed)


def written(folder: Path, found: WrittenExport, said: VersionBody | None) -> tuple[dict[str, Any], str]:
    counts = {"train": Counter(cpu=7, **{"a|b": 1}), "val": Counter(cpu=3)} if found.splits else {"": Counter(cpu=11)}
    card.write(folder, HEADING, ["cpu", "a|b"], counts, found, said)
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


def test_all_of_a_version(tmp_path: Path) -> None:
    head, text = written(tmp_path, report(), body(report()))
    assert head == {"pretty_name": HEADING, "license": "cc-by-4.0", "task_categories": ["object-detection"]}
    for line in ("# Line: 3 &lt;b> (Label Studio project 7)",
                 "Version 3, made 2026-03-02 09:30 UTC by ann@example.com with Argus 1.2, as coco: what people "
                 "accepted or drew, and predictions where nobody has; without image files.",
                 r"More \*fans\*", "cc-by-4.0", "90 images with 11 objects.", "| label | train | val | objects |",
                 "| cpu | 7 | 3 | 10 |", r"| a\|b | 1 | 0 | 1 |", "| val | 30 |", "- 2: its image cannot be opened",
                 "Predictions are those of the model version `sam3-1`.", "| cpu | cpu, chip | 0.5 |",
                 "- At least 95 % of the objects are right. (`abcabcabcabc`)",
                 "1 frames without an embedding were compared by time alone."):
        assert line in text.splitlines(), (line, text)
    assert "2 of 30 frames outside train leak" in text and "at least 5 s apart" in text


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    whole = report(splits={}, leaks=None, skipped=[])
    head, text = written(tmp_path, whole, body(whole, licence='Only for "us"', certificates=[], gap=None,
                                                       cosine=None))
    assert (head["license"], head["license_name"]) == ("other", 'Only for "us"')
    assert "| cpu | 11 |" in text and "None: nobody has verified a sample of these labels." in text
    assert "## Splits" not in text and "## Left out" not in text and "None: the export has no splits" in text
    head, text = written(tmp_path, whole, None)  # while the database is away
    assert "license" not in head and "Not stated." in text and "## Recipe" not in text
