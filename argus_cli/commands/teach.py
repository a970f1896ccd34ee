"""`argus teach`: labels that are taught by examples."""

from __future__ import annotations

import click

from argus.answers.teaching import LabelTeaching, TaughtObject
from argus_cli.output import HelpGroup, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded

_label = click.option("--label", required=True, metavar="LABEL", help="The label that is taught.")
_end = click.option("--end-samples", is_flag=True, help="Although open verification samples end by that.")


@click.group(cls=HelpGroup)
def teach() -> None:
    """Teach a label by examples: what people said of its objects makes a better score.

    Every verdict in Review is an example. What they would make is only shown, until you use it.
    """


@teach.command()
@project_option
@json_option
def status(project_id: int, as_json: bool) -> None:
    """Show how far the labels of a project are taught."""
    from search_service.review.teaching import service

    found = service.overview(project_id)
    if as_json:
        print_json(found)
        return
    print_table(["label", "right", "wrong", "without embedding", "verifier"], [
        [one.label, one.right, one.wrong, one.waiting, "in use" if one.in_use else ""] for one in found.labels])


@teach.command()
@project_option
@_label
@json_option
def show(project_id: int, label: str, as_json: bool) -> None:
    """Show what a label's examples would make, and the verifiers it had."""
    from search_service.review.teaching import service

    _print(service.show(project_id, label), as_json)


@teach.command()
@project_option
@_label
@click.option("--key", default="", metavar="KEY", help="An earlier verifier, as `show` lists it; else what the "
                                                       "examples make now.")
@_end
@json_option
@recorded("teach.use")
def use(project_id: int, label: str, key: str, end_samples: bool, as_json: bool) -> None:
    """Let a verifier make the scores of a label.

    The stored detections get new scores without the model, and predictions follow in the background.
    """
    from search_service.review.teaching import service

    key = key or service.draft_key(project_id, label)
    _print(service.use(project_id, label, key, end_samples=end_samples), as_json)


@teach.command()
@project_option
@_label
@_end
@json_option
@recorded("teach.off")
def off(project_id: int, label: str, end_samples: bool, as_json: bool) -> None:
    """Show the model's own scores of a label again."""
    from search_service.review.teaching import service

    _print(service.switch_off(project_id, label, end_samples=end_samples), as_json)


def _print(found: LabelTeaching, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    say(f"{found.label}: {found.line}")
    if found.draft:
        changes = found.draft.changes
        say(f"Of {plural(changes.objects, 'detection')}: {changes.shown} would be shown that are not, {changes.hidden} "
            f"hidden, {changes.into_high} more in the high band, {changes.out_of_high} fewer.")
        _print_objects("most influential", found.draft.pulling)
        _print_objects("largest errors", found.draft.mistakes)
    if found.states:
        print_table(["verifier", "", "right", "wrong", "by", "since"], [
            [one.key, "in use" if one.in_use else "", one.right, one.wrong, one.created_by,
             one.created_at.isoformat()[:16].replace("T", " ")] for one in found.states])
    if found.open_samples:
        say(f"Using or switching off ends sample {', '.join(map(str, found.open_samples))}.")
    if found.rebuilding:
        say(f"{plural(found.rebuilding, 'task')} still to be given the new scores.")


def _print_objects(title: str, objects: list[TaughtObject]) -> None:
    if objects:
        print_table([title, "object", "said", "score", "by the verifier"], [
            [f"task {one.task}", one.object, "right" if one.right else "wrong", f"{one.before:.2f}",
             f"{one.after:.2f}"] for one in objects])
