"""The dataset's card: `README.md` in the folder of every export, for people, with a head that Hugging Face reads."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from argus.answers.export import LeakReport, WrittenExport
from argus.answers.versions import VersionBody

NAME = "README.md"
_SOURCES = {"annotations": "what people accepted or drew", "predictions": "what the model predicted",
            "both": "what people accepted or drew, and predictions where nobody has"}
_KNOWN_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{1,40}")  # as Hugging Face names them, such as cc-by-4.0


def write(folder: Path, heading: str, labels: Sequence[str], counts: Mapping[str, Counter[str]], report: WrittenExport,
          body: VersionBody | None) -> None:
    """Write the card of the export whose files are in `folder`.

    Args:
        heading: what the dataset is called.
        labels: in the order of the labelling config.
        counts: objects by label, by split; "" without splits.
        body: what `version.json` says; None when the export is none.
    """
    lines = [*_head(heading, body), *_counts(labels, counts, report), *_splits(report, body), *_left_out(report)]
    if body:
        lines += [*_recipe(body), *_certificates(body)]
    lines += _leaks(report.leaks)
    (folder / NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _head(heading: str, body: VersionBody | None) -> Iterator[str]:
    licence = body.licence.strip() if body else ""
    yield from ("---", f"pretty_name: {_quoted(heading)}")
    if licence and _KNOWN_LICENCE.fullmatch(licence):
        yield f"license: {licence}"
    elif licence:
        yield from ("license: other", f"license_name: {_quoted(licence)}")
    yield from ("task_categories:", "- object-detection", "---", "", f"# {_plain(heading)}", "")
    if body:
        by = f" by {_plain(body.made_by)}" if body.made_by else ""
        yield from (f"Version {body.version}, made {body.made_at:%Y-%m-%d %H:%M} UTC{by} with Argus {body.argus}, as "
                    f"{body.format}: {_SOURCES[body.source]}{'' if body.images_included else '; without image files'}.",
                    "`version.json` says the same for programs, `SHA256SUMS` lists the digests of all files.", "")
        if body.note:
            yield from (_plain(body.note), "")
    yield from ("## Licence", "", _plain(licence) if licence else
                "Not stated. Say here under which licence the images and the labels may be used.", "")


def _counts(labels: Sequence[str], counts: Mapping[str, Counter[str]], report: WrittenExport) -> Iterator[str]:
    splits = list(report.splits)
    yield from ("## Counts", "", f"{report.images} images with {report.objects} objects.", "")
    rows = [[_plain(label), *(counts.get(split, Counter())[label] for split in splits),
             sum(one[label] for one in counts.values())] for label in labels]
    yield from _table(["label", *splits, "objects"], rows)


def _splits(report: WrittenExport, body: VersionBody | None) -> Iterator[str]:
    if not report.splits:
        return
    yield from ("## Splits", "")
    yield from _table(["split", "images"], list(report.splits.items()))
    if body and body.gap is not None and body.cosine is not None:
        yield from (f"Frames of one video in different splits are at least {body.gap:g} s apart, and no two images in "
                    f"different splits look alike (cosine {body.cosine:g} or more).", "")


def _left_out(report: WrittenExport) -> Iterator[str]:
    if report.skipped:
        yield from ("## Left out", "", *(f"- {one.count}: {_plain(one.reason)}" for one in report.skipped), "")


def _recipe(body: VersionBody) -> Iterator[str]:
    yield from ("## Recipe", "", f"Predictions are those of the model version `{_plain(body.model_version)}`."
                if body.model_version else "No predictions were made.", "")
    if body.concepts:
        yield from _table(["label", "prompts", "threshold"], [
            [_plain(one.label), _plain(", ".join(one.prompts)), f"{one.threshold:g}"] for one in body.concepts])


def _certificates(body: VersionBody) -> Iterator[str]:
    valid = [f"- {_plain(one.sentence)} (`{one.digest[:12]}`)" for one in body.certificates]
    yield from ("## Certificates", "", *(valid or ["None: nobody has verified a sample of these labels."]), "")


def _leaks(leaks: LeakReport | None) -> Iterator[str]:
    yield from ("## Leak report", "")
    if leaks is None:
        yield "None: the export has no splits to compare, or it was switched off."
        return
    yield (f"{leaks.leaking} of {leaks.checked} frames outside train leak: they are nearer than {leaks.gap:g} s to one "
           f"of train, or look like it (cosine {leaks.cosine:g} or more). `leaks/frames.csv` lists them.")
    if leaks.without_vector:
        yield f"{leaks.without_vector} frames without an embedding were compared by time alone."


def _table(heads: Iterable[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    heads = list(heads)
    yield from (_row(heads), "|" + "---|" * len(heads), *map(_row, rows), "")


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _plain(text: str) -> str:
    """Return a text on one line, in which nothing is markup."""
    return re.sub(r"([\\|`*_\[\]])", r"\\\1", " ".join(text.split())).replace("<", "&lt;")


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
