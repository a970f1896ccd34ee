"""The leak report of an export, in its folder `leaks/`: a line for each frame outside training, and the worst as
pictures."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from argus.answers.export import LeakPair, LeakReport
from argus.errors import ArgusError
from argus.images.fetcher import open_image
from search_service.export.leaks import TRAIN, Leaks, find
from search_service.export.splitting import Planned
from search_service.export.vector_file import VectorFile

WORST = 10  # frames that are shown
_SIDE, _SPACE = 480, 8  # pixels: of a picture, and between two
_COLUMNS = ("file_name", "split", "task_id", "leaks", "nearest_in_time", "seconds", "nearest_in_looks", "cosine")
Places = Mapping[int, tuple[str, str]]  # file name and split by task


def fits(shares: Mapping[str, float]) -> bool:
    """Tell whether there is anything to compare: training, and another split."""
    return TRAIN in shares and len(shares) > 1


def write(folder: Path, planned: Planned, places: Places, vectors: VectorFile,
          images: Callable[[str], str]) -> LeakReport:
    """Write the report of the frames that an export holds into its folder, and return what it says.

    Pictures are made of the export's own image files: without these there are none.

    Args:
        places: of what was written.
        images: the folder of a split's images.
    """
    leaks = find(planned.frames, {task: split for task, (_, split) in places.items()}, vectors, planned.rules)
    target = folder / "leaks"
    target.mkdir()
    with (target / "frames.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(_COLUMNS)
        lines.writerows(_line(_pair(leaks, row, places), places) for row in range(len(leaks.tasks)))
    worst = [_pair(leaks, row, places) for row in leaks.worst(WORST).tolist()]
    for number, one in enumerate(worst, 1):
        shown = [folder / images(places[task][1]) / places[task][0] for task in (one.task, one.shown) if task]
        _draw(shown, target / f"{number:02}.jpg")
    report = LeakReport(checked=len(leaks.tasks), leaking=int(leaks.leaks.sum()), share=round(leaks.share, 6),
                        gap=planned.rules.gap, cosine=planned.rules.cosine, without_vector=leaks.unseen, worst=worst)
    (target / "report.json").write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return report


def _pair(leaks: Leaks, row: int, places: Places) -> LeakPair:
    task, seconds = int(leaks.tasks[row]), float(leaks.seconds[row])
    by_time, by_looks, partner = int(leaks.by_time[row]), int(leaks.by_looks[row]), leaks.partner(row)
    return LeakPair(task=task, split=places[task][1], file_name=places[task][0], leaks=bool(leaks.leaks[row]),
                    nearest_in_time=by_time if by_time >= 0 else None,
                    seconds=round(seconds, 3) if by_time >= 0 else None,
                    nearest_in_looks=by_looks if by_looks >= 0 else None,
                    cosine=round(float(leaks.cosine[row]), 4) if by_looks >= 0 else None,
                    shown=partner if partner >= 0 else None)


def _line(one: LeakPair, places: Places) -> list[str | int | float | None]:
    near = [places[task][0] if task is not None else "" for task in (one.nearest_in_time, one.nearest_in_looks)]
    return [one.file_name, one.split, one.task, "yes" if one.leaks else "no", near[0], one.seconds, near[1], one.cosine]


def _draw(files: Sequence[Path], target: Path) -> None:
    """Write a frame beside the training frame that it is compared with."""
    if len(files) < 2 or not all(file.is_file() for file in files):
        return
    with contextlib.suppress(ArgusError):  # a picture that cannot be decoded is exported all the same
        pictures = [open_image(file.read_bytes(), _SIDE) for file in files]
        for picture in pictures:
            picture.thumbnail((_SIDE, _SIDE))
        width = sum(picture.width for picture in pictures) + _SPACE
        both = Image.new("RGB", (width, max(picture.height for picture in pictures)), "white")
        both.paste(pictures[0], (0, 0))
        both.paste(pictures[1], (pictures[0].width + _SPACE, 0))
        both.save(target, "JPEG", quality=85)
