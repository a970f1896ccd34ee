"""`argus versions`: the versions of a project's dataset."""

from __future__ import annotations

import click

from argus.answers.versions import ImageChange, Version, VersionDiff
from argus_cli.commands.export import leak_sentence
from argus_cli.output import HelpGroup, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded

_number = click.argument("version", type=click.IntRange(min=1))


@click.group("versions", cls=HelpGroup)
def versions() -> None:
    """List and compare the versions of a dataset, lock a test set, or delete a version. Every export is a version."""


@versions.command("list")
@project_option
@json_option
def listing(project_id: int, as_json: bool) -> None:
    """List the versions of a project, newest first."""
    from search_service.export.versions import service

    found = service.listing(project_id)
    if as_json:
        print_json(found)
    elif not found.versions:
        say("no version yet: the first export makes one")
    else:
        print_table(["version", "made", "by", "format", "images", "objects", "splits", "note"],
                    [(one.version, f"{one.made_at:%Y-%m-%d %H:%M}", one.made_by, one.format, one.images,
                      sum(one.objects.values()), _splits(one), one.note) for one in found.versions])


@versions.command()
@_number
@project_option
@json_option
def show(version: int, project_id: int, as_json: bool) -> None:
    """Show what a version holds and how it was made."""
    from search_service.export.versions import service

    found = service.describe(project_id, version)
    if as_json:
        print_json(found)
        return
    say(f"version {version} of {found.title} (project {project_id}), {found.made_at:%Y-%m-%d %H:%M} UTC"
        + (f", by {found.made_by}" if found.made_by else ""))
    if found.note:
        say(found.note)
    say(f"{found.format} from {found.source}, model version {found.model_version or 'none'}")
    say(f"{plural(found.images, 'image')}; {_counts(found.objects)}" + (f"; {_splits(found)}" if found.splits else ""))
    if found.leaks:
        say(leak_sentence(found.leaks))
    for one in found.certificates:
        say(f"certificate {one.id}: {one.sentence}")
    if found.locked:
        say(f"locked test set: {plural(found.locked, 'image')}")
    say(f"digest {found.digest}; " + (f"export {found.export} can be downloaded" if found.export else
                                      "its files are not kept here"))


@versions.command(short_help="Show how two versions differ.")
@click.argument("before", type=click.IntRange(min=1))
@click.argument("after", type=click.IntRange(min=1))
@project_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="Images to name.")
@json_option
def diff(before: int, after: int, project_id: int, limit: int, as_json: bool) -> None:
    """Show how two versions differ: images, objects by label, changed boxes."""
    from search_service.export.versions import service

    found = service.compare(project_id, before, after, limit=limit)
    if as_json:
        print_json(found)
    else:
        _show_diff(found)


@versions.command(short_help="Lock the test set of a version.")
@_number
@project_option
@json_option
@recorded("version.lock")
def lock(version: int, project_id: int, as_json: bool) -> None:
    """Lock a version's test set: neither its images nor images like them come into training in a later version."""
    from search_service.export.versions import service

    found = service.lock(project_id, version)
    if as_json:
        print_json(found)
    else:
        say(f"locked: {plural(found.locked, 'image')} of version {version}")


@versions.command()
@_number
@project_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@recorded("version.delete")
def delete(version: int, project_id: int, yes: bool, as_json: bool) -> None:
    """Delete a version and the files that the service keeps of it. It cannot be made again."""
    from search_service.export.versions import service

    found = service.describe(project_id, version)
    if not yes and not as_json:
        click.confirm(f"Delete version {version} ({plural(found.images, 'image')}) for good? Nobody can download it or "
                      "compare with it any more.", abort=True)
    gone = service.delete(project_id, version)
    if as_json:
        print_json(gone)
    else:
        say(f"deleted version {version}")


def _splits(one: Version) -> str:
    return ", ".join(f"{split} {count}" for split, count in one.splits.items())


def _counts(objects: dict[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in objects.items()) or "no objects"


def _show_diff(found: VersionDiff) -> None:
    say(f"from version {found.before} to {found.after}: {found.added} images added, {found.removed} removed, "
        f"{found.changed} changed, {found.moved} in another split, {found.same} the same")
    labels = sorted({*found.objects_before, *found.objects_after})
    print_table(["label", "before", "after"], [(label, found.objects_before.get(label, 0),
                                                found.objects_after.get(label, 0)) for label in labels])
    for image in found.images:
        say(f"{image.file_name} (task {image.task}): {_change(image)}")
    if found.next_task is not None:
        say("… more: --limit")


def _change(image: ImageChange) -> str:
    if image.kind != "changed":
        return image.kind
    parts = [f"{one.was_label} → {one.label}" if one.kind == "relabelled" else f"{one.label} {one.kind}"
             for one in image.objects]
    if image.split != image.was_split:
        parts.append(f"{image.was_split or 'no split'} → {image.split or 'no split'}")
    if image.other_file:
        parts.append("another image file")
    return ", ".join(parts)
