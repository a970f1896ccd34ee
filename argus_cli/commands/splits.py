"""`argus splits`: how a project's frames were divided, and its locked test set."""

from __future__ import annotations

import click

from argus.answers.splits import Divisions
from argus_cli.output import HelpGroup, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded

_splits = click.option("--splits", default="", metavar="NAMES", help="The division into these splits, for example "
                       "train,val. Not needed if there is only one.")


@click.group("splits", cls=HelpGroup)
def splits() -> None:
    """Show how frames were divided for training, lock the test set, or delete a division."""


@splits.command("list")
@project_option
@json_option
def listing(project_id: int, as_json: bool) -> None:
    """List the divisions that exports keep."""
    from search_service.export import divisions

    _show(divisions.listing(project_id), as_json)


@splits.command()
@project_option
@_splits
@json_option
@recorded("splits.lock")
def lock(project_id: int, splits: str, as_json: bool) -> None:
    """Lock the test set: neither its frames nor frames like them come into training, in any division."""
    from search_service.export import divisions

    _show(divisions.lock(project_id, splits), as_json)


@splits.command()
@project_option
@json_option
@recorded("splits.unlock")
def unlock(project_id: int, as_json: bool) -> None:
    """Unlock the test set."""
    from search_service.export import divisions

    _show(divisions.unlock(project_id), as_json)


@splits.command()
@project_option
@_splits
@json_option
@recorded("splits.reset")
def reset(project_id: int, splits: str, as_json: bool) -> None:
    """Delete a division, so that the next export makes a new one. A locked test set stays locked."""
    from search_service.export import divisions

    _show(divisions.reset(project_id, splits), as_json)


def _show(found: Divisions, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if not found.divisions:
        say("no division yet: the first export with --splits makes one")
    else:
        print_table(["division", "frames", "in no split"],
                    [(one.division, ", ".join(f"{split} {n}" for split, n in one.splits.items()), one.left_out)
                     for one in found.divisions])
    say(f"locked test set: {plural(found.locked, 'frame')}")
