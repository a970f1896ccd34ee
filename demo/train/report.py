"""The report's text and pictures."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from demo.train.biased_figures import BiasedFigures
from demo.train.clicks import Clicks
from demo.train.figures import Detections, Frames, Search, Stranger
from demo.train.metrics import AtThreshold
from demo.train.predict import iou
from demo.vocabulary import COLOUR_NAMES, LABELS, NAMES

TILE: Final = (480, 270)
COLUMNS: Final = 3
SHOWN: Final = 0.3  # boxes drawn in the pictures
INK: Final = ((255, 80, 80), (80, 220, 255), (255, 230, 60), (255, 120, 255), (110, 255, 110), (255, 170, 60))


@dataclass(frozen=True)
class Figures:
    """Everything the report tells."""

    frames: Frames
    video: Frames
    search: list[Search]
    video_search: list[Search]
    found: Detections
    video_found: Detections
    languages: dict[str, float]
    exemplars: AtThreshold
    clicks: Clicks
    strangers: list[Stranger]
    biased: BiasedFigures


def summary(found: Detections, video: Detections, search: list[Search], video_search: list[Search]) -> str:
    """A few lines for the terminal."""
    high, video_high = found.thresholds[-1], video.thresholds[-1]
    own = [row.precision for row in search if row.query == row.label]
    video_own = [row.precision for row in video_search if row.query == row.label]
    return (
        f"held-out: AP50 {found.mean_ap50:.3f}, worst {min(found.ap50):.3f}; >= 0.9: precision {high.precision:.3f}, "
        f"share {high.recall:.3f}; precision@10 lowest {min(own):.2f}\n"
        f"video: AP50 {video.mean_ap50:.3f}; >= 0.9: precision {video_high.precision:.3f}, share "
        f"{video_high.recall:.3f}; cpu recall at 0.5 {video.cpu[1].recall:.3f}; precision@10 lowest "
        f"{min(video_own):.2f}"
    )


def render_report(figures: Figures, training: dict[str, Any]) -> str:
    """The whole of ``REPORT.md``."""
    sections = [
        _head(figures),
        "## Search (SigLIP 2)\n\n" + _search_intro() + _search_table(figures),
        "## Detection (SAM 3)\n\n" + _ap_table(figures),
        "### By score\n\n" + _threshold_table(figures) + _cpu_table(figures.video_found.cpu),
        "### Other names, and exemplars instead of words\n\n" + _languages(figures),
        figures.clicks.describe(),
        "### Words for what is not there\n\n" + _strangers(figures.strangers),
        figures.biased.describe(),
        _gallery(),
        _training(training),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def renew(text: str, section: str, training: dict[str, Any]) -> str:
    """The report with this section and the one about training in place of its older ones."""
    sections = re.split(r"\n\n(?=##)", text.strip())
    for fresh in (section, _training(training).strip()):
        heading = fresh.splitlines()[0]
        sections = [fresh if section.startswith(heading + "\n") else section for section in sections]
    return "\n\n".join(sections) + "\n"


def _head(figures: Figures) -> str:
    found, high = figures.found, figures.found.thresholds[-1]
    own = [row.precision for row in (*figures.search, *figures.video_search) if row.query == row.label]
    scenes, objects = len(figures.frames.images), len(figures.frames.truth)
    frames, shown = len(figures.video.images), len(figures.video.truth)
    return f"""# The demo's checkpoints, measured

`demo/checkpoints/` holds a SigLIP 2 and a SAM 3 of the real classes in the real file formats, a few megabytes each,
trained on rendered factory-line frames. They know the six parts of the demo and nothing else; they show that every
step of the chain works with real meaning, not how good the full-size models are.

| figure | wanted | measured |
|---|---|---|
| precision@10, lowest of the six parts (held-out scenes and video) | 0.90 | {min(own):.2f} |
| AP50, mean of the six parts | 0.80 | {found.mean_ap50:.3f} |
| AP50, worst part | 0.60 | {min(found.ap50):.3f} |
| right among regions scored 0.9 or more | 0.95 | {high.precision:.3f} |
| share of all objects found with 0.9 or more | 0.30 | {high.recall:.3f} |

Measured on {scenes} held-out scenes ({objects} objects, 1280 x 720) and on the demo
video's {frames} frames at one a second ({shown} objects), decoded from its H.264.
*Held-out* means more than another seed: every parameter of a part, belt or light is an interval cut into twelve bins,
of which training owns six, the validation split three, and the held-out split, which the video belongs to, three
(`demo/draw.py`). The belts' patterns are split too: chevrons and rollers never occur in training."""


def _search_intro() -> str:
    return (
        "Frames ranked by cosine similarity to the query; precision among the first ten (where fewer than ten frames\n"
        "are right, among as many). In brackets: how many frames are right. Parts are found by all their names; a\n"
        "colour moves the right frames up, but which part has it is told less reliably (a frame with a red fan and a\n"
        "blue cpu resembles one with a blue fan and a red cpu).\n\n"
    )


def _search_table(figures: Figures) -> str:
    rows = ["| part | query | held-out scenes | demo video |", "|---|---|---|---|"]
    video = {row.query: row for row in figures.video_search}
    for row in figures.search:
        seen = video.get(row.query)
        there = f"{seen.precision:.2f} ({seen.shown})" if seen else "not shown"
        rows.append(f"| {row.label} | {row.query} | {row.precision:.2f} ({row.shown}) | {there} |")
    return "\n".join(rows)


def _ap_table(figures: Figures) -> str:
    rows = ["| part | AP50 | AP75 | AP50 in the video |", "|---|---|---|---|"]
    for number, label in enumerate(LABELS):
        found, video = figures.found, figures.video_found
        rows.append(f"| {label} | {found.ap50[number]:.3f} | {found.ap75[number]:.3f} | {video.ap50[number]:.3f} |")
    means = [figures.found.ap50, figures.found.ap75, figures.video_found.ap50]
    rows.append("| **mean** | " + " | ".join(f"**{np.mean(values):.3f}**" for values in means) + " |")
    return "\n".join(rows)


def _threshold_table(figures: Figures) -> str:
    rows = [
        "All parts together. A region is right if its label is and its IoU with the object is 0.5 or more.\n",
        "| score at least | precision | recall | regions | precision, video | recall, video |",
        "|---|---|---|---|---|---|",
    ]
    for mine, video in zip(figures.found.thresholds, figures.video_found.thresholds, strict=True):
        rows.append(
            f"| {mine.threshold} | {mine.precision:.3f} | {mine.recall:.3f} | {mine.regions} "
            f"| {video.precision:.3f} | {video.recall:.3f} |"
        )
    return "\n".join(rows) + "\n\n"


def _cpu_table(counts: list[AtThreshold]) -> str:
    rows = ["`cpu` alone, in the demo video:\n", "| score at least | precision | recall |", "|---|---|---|"]
    rows += [f"| {row.threshold} | {row.precision:.3f} | {row.recall:.3f} |" for row in counts]
    return "\n".join(rows)


def _languages(figures: Figures) -> str:
    rows = ["| prompt | mean AP50 (100 held-out scenes) |", "|---|---|"]
    rows += [f"| {name} | {value:.3f} |" for name, value in figures.languages.items()]
    counts = figures.exemplars
    return (
        "\n".join(rows) + "\n\nOne object's box as the exemplar and no word: of all parts of its kind in the frame "
        f"{counts.recall:.3f} are found at a score of {counts.threshold}, and {counts.precision:.3f} of the "
        "regions are right."
        "\n\nThe words are in `demo/vocabulary.py`: "
        + "; ".join(f"{name.label}: {name.german}, {name.japanese}" for name in NAMES)
        + f". Colours: {', '.join(COLOUR_NAMES)}."
    )


def _strangers(rows: list[Stranger]) -> str:
    lines = [
        "Asked of the same 100 scenes. The first three were taught as absent, the next three have a token of their own",
        "that no caption used, the last two are spelt out of pieces. SAM 3 was taught a few absent words only: for an",
        "untaught one it answers by chance.\n",
        "| word | highest probability (SigLIP 2) | regions scored 0.5 or more (SAM 3) |",
        "|---|---|---|",
    ]
    lines += [f"| {row.word} | {row.probability:.3f} | {row.regions} |" for row in rows]
    return "\n".join(lines)


def _gallery() -> str:
    return """## Pictures

Boxes scored 0.3 or more, after non-maximum suppression (IoU 0.6) within a label. A dashed white box is an object that
was missed.

Frames where everything is right:

![frames without an error](report/good.jpg)

Frames with most errors:

![frames with errors](report/bad.jpg)

Empty belts, all six parts asked for:

![empty belts](report/empty.jpg)

The demo video:

![frames of the demo video](report/video.jpg)

How often regions of a score are right (on the diagonal: a score is a frequency):

![share of right regions by score](report/scores.png)"""


def _training(training: dict[str, Any]) -> str:
    rows = ["## Training\n", "| model | steps | minutes | on |", "|---|---|---|---|"]
    for name in ("siglip2", "sam3", "tracker", "sam3-biased"):
        run = training[name]
        rows.append(f"| {name} | {run['steps']} | {run['minutes']:.0f} | {run['on']} |")
    rows += [f"\n{training[name]['remark']}" for name in ("siglip2", "sam3", "tracker", "sam3-biased")
             if training[name].get("remark")]
    calibration = training["calibration"]
    rows.append(
        f"\nScores were calibrated on the validation split: logits x {calibration['factor']}, presence "
        f"{calibration['shift']:+}, which makes {calibration['precision']:.3f} of its regions scored 0.9 "
        "or more right.\n"
    )
    rows.append(
        "To reproduce: `make demo-models` (or `python -m demo.train`) renders the training scenes, trains the models, "
        "calibrates the scores, and writes this report. The same seeds give the same scenes; the weights differ in "
        "their last digits between machines, and the SAM 3 schedule ends by the clock if a machine is slow."
    )
    return "\n".join(rows)


def pictures(folder: Path, frames: Frames, found: Detections, video: Frames, video_found: Detections) -> None:
    """Draw the four contact sheets."""
    errors = [_errors(frames, found, number) for number in range(len(frames.images))]
    objects = np.bincount([item.image for item in frames.truth], minlength=len(frames.images))
    order = np.argsort(errors, kind="stable")
    good = [n for n in order.tolist() if errors[n] == 0 and objects[n] >= 2][:9]
    bad = [n for n in order[::-1].tolist() if errors[n] > 0][:9]
    empty = [n for n in range(len(frames.images)) if objects[n] == 0][:6]
    _sheet(folder / "good.jpg", frames, found, good)
    _sheet(folder / "bad.jpg", frames, found, bad)
    _sheet(folder / "empty.jpg", frames, found, empty)
    step = max(1, len(video.images) // 12)
    _sheet(folder / "video.jpg", video, video_found, list(range(step // 2, len(video.images), step))[:12])


def reliability_plot(path: Path, rows: list[tuple[float, float, int]]) -> None:
    """Share of right regions over the score, with the number of regions at each point."""
    import matplotlib  # only needed here, and not by the demo itself

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 4), dpi=110)
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.plot([row[0] for row in rows], [row[1] for row in rows], marker="o")
    for score, share, count in rows:
        axes.annotate(str(count), (score, share), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="score", ylabel="share of regions that are right", xlim=(0, 1), ylim=(0, 1.02))
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _errors(frames: Frames, found: Detections, image: int) -> int:
    """Wrong regions plus missed objects at a score of 0.3."""
    drawn = [k for k, item in enumerate(found.found) if item.image == image and item.score >= SHOWN]
    right = sum(bool(found.right[k]) for k in drawn)
    return len(drawn) - right + sum(item.image == image for item in frames.truth) - right


def _sheet(path: Path, frames: Frames, found: Detections, numbers: list[int]) -> None:
    rows = (len(numbers) + COLUMNS - 1) // COLUMNS
    sheet = Image.new("RGB", (COLUMNS * TILE[0], max(1, rows) * TILE[1]), "white")
    for place, number in enumerate(numbers):
        tile = _tile(frames, found, number)
        sheet.paste(tile, (place % COLUMNS * TILE[0], place // COLUMNS * TILE[1]))
    sheet.save(path, quality=78, optimize=True)


def _tile(frames: Frames, found: Detections, number: int) -> Image.Image:
    tile = frames.images[number].resize(TILE, Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(tile)
    size = np.array([*TILE, *TILE])
    drawn = [k for k, item in enumerate(found.found) if item.image == number and item.score >= SHOWN]
    hits = [found.found[k] for k in drawn if found.right[k]]
    for item in (t for t in frames.truth if t.image == number):
        if not any(hit.label == item.label and iou(hit.box, item.box) >= 0.5 for hit in hits):
            _dashed(pen, item.box * size)
    for k in drawn:
        item_found = found.found[k]
        box = item_found.box * size
        pen.rectangle(box.tolist(), outline=INK[item_found.label], width=2)
        text = f"{LABELS[item_found.label]} {item_found.score:.2f}" + ("" if found.right[k] else " (wrong)")
        at = (max(2.0, float(box[0]) + 3), max(1.0, float(box[1]) - 12))
        pen.rectangle(pen.textbbox(at, text), fill=(0, 0, 0))
        pen.text(at, text, fill=INK[item_found.label])
    return tile


def _dashed(pen: ImageDraw.ImageDraw, box: "np.ndarray[Any, Any]") -> None:
    x0, y0, x1, y1 = (float(value) for value in box)
    for start, end in (
        ((x0, y0), (x1, y0)),
        ((x0, y1), (x1, y1)),
        ((x0, y0), (x0, y1)),
        ((x1, y0), (x1, y1)),
    ):
        steps = max(2, int((abs(end[0] - start[0]) + abs(end[1] - start[1])) / 6))
        for k in range(0, steps, 2):
            a, b = k / steps, (k + 1) / steps
            pen.line(
                (
                    start[0] + (end[0] - start[0]) * a, start[1] + (end[1] - start[1]) * a,
                    start[0] + (end[0] - start[0]) * b, start[1] + (end[1] - start[1]) * b,
                ),
                fill="white",
                width=2,
            )  # fmt: skip
