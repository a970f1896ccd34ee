"""An evaluation as tables: for people, and in Markdown for pull requests and reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from argus.answers.evaluation import Evaluation, Figures, JudgedList, LabelFigures, ModelFigures
from argus_cli.output import plural, print_table, say


class Table(NamedTuple):
    title: str
    columns: list[str]
    rows: list[list[object]]


Block = str | Table


def show(found: Evaluation) -> None:
    """Print an evaluation for people."""
    for block in _blocks(found):
        if isinstance(block, str):
            say(block)
        else:
            say(block.title)  # a table's own is broken at the table's width
            print_table(block.columns, block.rows)


def markdown(found: Evaluation) -> str:
    """Return an evaluation as a Markdown document."""
    parts = [f"# {_escape(found.model.model_version)} on {found.on}"]
    for block in _blocks(found):
        if isinstance(block, str):
            parts.append(_escape(block))
            continue
        head = "| " + " | ".join(map(_cell, block.columns)) + " |\n|" + "---|" * len(block.columns)
        parts.append(f"## {_escape(block.title)}\n\n" + "\n".join(
            [head, *("| " + " | ".join(map(_cell, row)) + " |" for row in block.rows)]))
    return "\n\n".join(parts) + "\n"


def _escape(text: str) -> str:
    """Keep names of labels and versions from being read as Markdown or HTML."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _cell(value: object) -> str:
    return _escape("" if value is None else str(value))


def _blocks(found: Evaluation) -> Iterator[Block]:
    yield from _head(found)
    yield _figures(found)
    for model in _models(found):
        yield _confusion(model, several=found.against is not None)
    yield _calibration(found)
    for model in _models(found):
        of = f" of {model.model_version}" if found.against else ""
        yield (f"Wrong{of}, scored {found.min_score:g} or more: {_count(model.false_positives, 'false positive')}, "
               f"{_count(model.misses, 'miss', 'misses')}, {_count(model.confusions, 'confusion')}.")


def _models(found: Evaluation) -> list[ModelFigures]:
    return [found.model, *([found.against] if found.against else [])]


def _count(listed: JudgedList, one: str, many: str = "") -> str:
    return f"{listed.count} {one if listed.count == 1 else many or one + 's'}" + (
        f" on {plural(len(listed.tasks), 'image')}" if listed.count else "")


def _head(found: Evaluation) -> Iterator[str]:
    of = f" (division {found.division})" if found.division else ""
    locked = "" if found.on != "test" else "; the test set is not locked" if not found.locked else \
        "; the test set is locked" if found.locked == found.images else f"; {found.locked} of them are locked"
    objects = plural(found.model.objects, "object")
    yield f"{found.on}{of}: {plural(found.images, 'annotated image')}, {objects}{locked}."
    if not found.model.objects:
        yield "No object is annotated on these images, so there is no AP: every detection is false."
    for model in _models(found):
        if model.without_prediction:
            yield (f"{model.model_version} has no prediction on {plural(model.without_prediction, 'image')}: nothing "
                   "counts as found there. --only-predicted leaves such images out.")
        if model.without_score:
            yield f"{plural(model.without_score, 'detection')} of {model.model_version} without a score: counted as 1."
    if found.accepted:
        yield (f"{found.accepted} of {objects} are predictions that were accepted as they were: they favour the model "
               "that made them.")
    for entry in found.skipped:
        yield f"Left out {entry.count}: {entry.reason} (task {', '.join(map(str, entry.tasks[:5]))})."
    if found.difference and found.against and found.resampling:
        low, high = found.difference.low, found.difference.high
        sure = "0 is inside: there may be no difference." if low <= 0 <= high else "0 is outside."
        yield (f"AP50 of {found.model.model_version} less that of {found.against.model_version}: "
               f"{(found.model.ap50 or 0) - (found.against.ap50 or 0):+.3f}, 95 % interval {low:+.3f} to {high:+.3f}. "
               f"{sure}")
    if drawn := found.resampling:
        yield f"Intervals: {drawn.resamples} resamples of {drawn.units} {drawn.over}, seed {drawn.seed}."
    elif found.images:
        yield "No intervals: there is only one image to draw from."


def _figures(found: Evaluation) -> Table:
    models = _models(found)
    columns = ["", "objects", *(name if len(models) == 1 else f"{name} {model.model_version}" for model in models
                                for name in ("detections", "AP50", "AP50:95", "AR"))]
    rows: list[list[object]] = [["all", models[0].objects, *_row(models, models)]]
    rows += [[one[0].label, one[0].objects, *_row(one, one)] for one in zip(*(m.labels for m in models), strict=True)]
    rows += [[f"{one[0].size} objects", one[0].objects, *_row(one)]
             for one in zip(*(m.sizes for m in models), strict=True)]
    if shapes := [model.shapes for model in models if model.shapes]:
        rows.append(["outlines", shapes[0].objects, *_row([model.shapes for model in models])])
    spread = [f"{m.model_version}: AP50 {m.ap50:.3f}, 95 % interval {m.ap50_interval.low:.3f} to "
              f"{m.ap50_interval.high:.3f}" for m in models if m.ap50_interval and m.ap50 is not None]
    return Table("; ".join(spread) or "Figures", columns, rows)


def _row(figures: Sequence[Figures | None], counted: Sequence[ModelFigures | LabelFigures] = ()) -> list[str | int]:
    row: list[str | int] = []
    for place, one in enumerate(figures):
        row += [counted[place].detections if counted else "",
                *(_number(value) for value in ((one.ap50, one.ap, one.ar) if one else (None, None, None)))]
    return row


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _confusion(model: ModelFigures, several: bool) -> Table:
    table = model.confusion
    title = "Annotated (rows) and what the model said" + (f", {model.model_version}" if several else "")
    return Table(title, ["", *table.labels, "missed"],
                 [[name, *row] for name, row in zip([*table.labels, "false"], table.rows, strict=True)])


def _calibration(found: Evaluation) -> Table:
    models = _models(found)
    columns = ["score", *(name if len(models) == 1 else f"{name}, {model.model_version}" for model in models
                          for name in ("detections", "right"))]
    rows: list[list[object]] = []
    for bins in zip(*(model.calibration.bins for model in models), strict=True):
        if any(one.detections for one in bins):
            rows.append([f"{bins[0].low:.1f} to {bins[0].high:.1f}", *(
                value for one in bins for value in (one.detections, "" if one.share is None else f"{one.share:.0%}"))])
    return Table("How often a detection of a score is right", columns, rows)
