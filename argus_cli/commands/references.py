"""`argus references`: labels that are looked for by reference regions."""

from __future__ import annotations

import click

from argus.answers.references import References
from argus.errors import ArgusError
from argus_cli.output import HelpGroup, json_option, print_json, print_table, project_option
from argus_cli.recorded import recorded

_end = click.option("--end-samples", is_flag=True, help="Although open verification samples end by that.")


@click.group(cls=HelpGroup)
def references() -> None:
    """Look for everything like a few regions, 1 to 5 for a label, where no word finds it.

    Works with runs as words do: preview it, start a run, accept.
    """


@references.command("list")
@project_option
@json_option
def list_(project_id: int, as_json: bool) -> None:
    """Show the references of a project's labels."""
    from search_service.references import service

    _print(service.show(project_id), as_json)


@references.command()
@project_option
@click.option("--label", required=True, metavar="LABEL", help="What everything like this is labelled.")
@click.option("--task", type=int, metavar="ID", help="The task whose image shows it.")
@click.option("--box", metavar="X,Y,W,H", help="Where, in percent of the image, as Label Studio has it.")
@click.option("--object", "number", type=int, metavar="ID", help="An object, as `argus search --objects` numbers it.")
@_end
@json_option
@recorded("reference.add")
def add(project_id: int, label: str, task: int | None, box: str | None, number: int | None, end_samples: bool,
        as_json: bool) -> None:
    """Let a label be looked for by a region, beside those it has.

    With the first one its words become `object`, and the next run looks for it.
    """
    from search_service.references import service

    region = service.region_of(project_id, task, _numbers(box), number)
    _print(service.add(project_id, label, region, end_samples=end_samples), as_json)


@references.command()
@project_option
@click.argument("reference", type=int)
@_end
@json_option
@recorded("reference.remove")
def remove(project_id: int, reference: int, end_samples: bool, as_json: bool) -> None:
    """Forget a reference; after a label's last one its own words count again."""
    from search_service.references import service

    _print(service.remove(project_id, reference, end_samples=end_samples), as_json)


def _numbers(box: str | None) -> list[float] | None:
    if box is None:
        return None
    try:
        x, y, width, height = (float(part) for part in box.split(","))
    except ValueError as error:
        raise ArgusError("bad_request", "--box must be four numbers: x,y,width,height.") from error
    return [x, y, width, height]


def _print(found: References, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(["label", "looked for by", "words", "references"], [
        [one.label, one.by, " · ".join(one.words), len(one.references)] for one in found.labels])
    rows = [(one.label, row) for one in found.labels for row in one.references]
    if rows:
        print_table(["reference", "label", "task", "box in percent"], [
            [row.id, label, row.task, ", ".join(f"{v:g}" for v in row.box)] for label, row in rows])
