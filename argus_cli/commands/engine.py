"""`argus engine`: which model looks for a project's labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from argus.answers.engine import EngineChange, ProjectEngine
from argus_cli.output import json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded


def _changes(options: Mapping[str, Any]) -> bool:
    return options["masks"] is not None or any(options[name] for name in ("sam3", "detector", "classes", "by_name"))


@click.command()
@project_option
@click.option("--sam3", is_flag=True, help="Let SAM 3 look.")
@click.option("--detector", metavar="NAME", help="Let the detector in this folder of ARGUS_DETECTORS look.")
@click.option("--masks/--no-masks", default=None, help="Whether SAM 3 gives the detector's boxes masks.")
@click.option("--map", "classes", multiple=True, metavar="LABEL=CLASS,…", help="Classes of the detector that stand for "
              "a label; nothing behind = for none. Repeatable.")
@click.option("--by-name", multiple=True, metavar="LABEL", help="Back to the classes that are called as this label. "
              "Repeatable.")
@click.option("--dry-run", is_flag=True, help="Only show how it would be.")
@json_option
@recorded(lambda options: "engine.change" if _changes(options) and not options["dry_run"] else "")
def engine(project_id: int, sam3: bool, detector: str | None, masks: bool | None, classes: tuple[str, ...],
           by_name: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Show or choose the model that looks for a project's labels: SAM 3, or a detector of your own.

    Predictions of both stay side by side; runs, review and views are of the one that is chosen. A class of the detector
    stands for the label of its name, unless you say otherwise.

    \b
        argus engine --project 7 --detector parts-v2 --map "hard disk=hdd,disk drive"
    """
    from ml_backend.runs import engine_choice

    if sam3 and detector:
        raise click.UsageError("--sam3 and --detector cannot be combined.")
    found: ProjectEngine = engine_choice.describe_engine(project_id)
    if sam3 or detector or masks is not None or classes or by_name:
        found = engine_choice.change_engine(
            project_id, "detector" if detector else "sam3" if sam3 else found.engine, detector=detector, masks=masks,
            classes={**_classes(classes), **dict.fromkeys(by_name)}, dry_run=dry_run)
    elif dry_run:
        raise click.UsageError("--dry-run goes with a change.")
    if as_json:
        print_json(found)
        return
    _show(found)


def _classes(given: tuple[str, ...]) -> dict[str, list[str]]:
    classes: dict[str, list[str]] = {}
    for one in given:
        label, sign, names = one.rpartition("=")
        if not sign or not label.strip():
            raise click.UsageError(f"--map {one!r} is not of the form LABEL=CLASS,CLASS.")
        classes[label.strip()] = [name.strip() for name in names.split(",") if name.strip()]
    return classes


def _show(found: ProjectEngine) -> None:
    if isinstance(found, EngineChange):
        say(("Would look: " if found.dry_run else "Looks from now on: ") + _name(found)
            + f" ({found.model_version}). {plural(found.again, 'predicted task')} must be looked at again.")
    else:
        say(f"{_name(found)} looks for this project's labels ({found.model_version}).")
    if found.detector:
        print_table(["label", f"classes of {found.detector}", "changed here"],
                    [[one.label, " · ".join(one.classes) or "none", "yes" if one.changed else ""]
                     for one in found.mapping])
    if found.unused_classes:
        say("Classes that stand for no label: " + ", ".join(found.unused_classes) + ".")
    others = [one for one in found.detectors if one.name != found.detector]
    if others:
        print_table(["other detectors", "model", "classes"], [
            [one.name, one.architecture, ", ".join(one.classes) if one.error is None else one.error.message]
            for one in others])


def _name(found: ProjectEngine) -> str:
    if found.engine == "sam3":
        return "SAM 3"
    return f"the detector {found.detector}" + (" with masks by SAM 3" if found.masks else "")
