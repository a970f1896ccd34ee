"""The demo's own story: what it says must be what the servers, the files and the truth say.

Its video is shorter, and has fewer frames between those that become tasks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo.measure import summary
from demo.story import LABEL, LABELS, LIMIT, Story

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def test_story__a_second_telling_finds_its_own_work(stack: Any, tmp_path: Path) -> None:
    lines: list[str] = []
    story = Story(tmp_path, lines.append, video_seconds=60, video_fps=5)
    story.tell()
    facts = summary(story, {"install": 0.0, "start": 0.0, "main_job": 0.0})
    assert facts["frames"] == facts["embedded"] == 60
    assert facts["search"].keys() == set(LABELS)
    assert facts["search"][LABEL]["precision_at_10"] >= 0.9
    assert facts["run"] == {"requested": LIMIT, "done": LIMIT, "failed": 0}
    assert facts["predictions"] == sum(facts["bands"].values()) == LIMIT
    assert facts["quality"]["recall"] >= 0.8
    assert facts["quality"]["high_band_precision"] >= 0.95
    assert facts["accepted_tasks"] == facts["bands"]["high"] > 0
    assert facts["accepted_again"] == 0
    assert facts["bands"]["check_first"] > 0
    export = facts["export"]
    assert export["coco"]["objects"] == export["yolo"]["objects"] == export["annotation_objects"] > 0

    again = Story(tmp_path, lines.append, video_seconds=60, video_fps=5)
    again.tell()
    repeated = summary(again, facts["seconds"])
    assert repeated == facts
    assert (again.project, again.run) == (story.project, story.run)
    assert "  0 frames imported, 60 were there" in lines
