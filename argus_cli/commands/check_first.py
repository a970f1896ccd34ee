"""`argus review check-first`: what may be missing or odd, and answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from argus.answers.check_first import CheckFirst
from argus.errors import ArgusError
from argus_cli.output import json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded

_ANSWERS = ("add", "reject", "nothing_there")


def _action(options: Mapping[str, Any]) -> str:
    """Return what the options change, as the audit table has it."""
    if options["kinds"] is not None:
        return "review.check-first-kinds"
    if options["take_back"] is not None:
        return "review.check-first-undo"
    return "review.check-first" if any(options[name] is not None for name in _ANSWERS) else ""


@click.command(name="check-first")
@project_option
@click.option("--add", type=click.IntRange(min=1), metavar="ID", help="The object of this suspicion is there: add it.")
@click.option("--reject", type=click.IntRange(min=1), metavar="ID", help="What this suspicion says is odd is wrong.")
@click.option("--nothing-there", type=click.IntRange(min=1), metavar="ID", help="Nothing is missing or wrong there.")
@click.option("--take-back", type=click.IntRange(min=1), metavar="ID", help="Take the answer to this suspicion back.")
@click.option("--kinds", metavar="KINDS", help="Kinds of suspicions for which tasks wait, separated by commas; all, "
                                               "missing (the three about missing objects), default (what new "
                                               "projects begin with), or none.")
@json_option
@recorded(_action)
def check_first(project_id: int, add: int | None, reject: int | None, nothing_there: int | None,
                take_back: int | None, kinds: str | None, as_json: bool) -> None:
    """Show what may be missing or odd before tasks are accepted, and answer it.

    A task with an open suspicion is in no band and no acceptance by score takes it.

    \b
        argus review check-first --project 7 --kinds default
        argus review check-first --project 7 --add 12
    """
    from search_service.review import check_first as work

    answers = {"add": add, "reject": reject, "nothing_there": nothing_there}
    given = [name for name, number in answers.items() if number is not None]
    if len(given) + (take_back is not None) + (kinds is not None) > 1:
        raise ArgusError("bad_request", "One answer or one change at a time.", "Leave the others out.")
    if kinds is not None:
        on = work.set_kinds(project_id, _kinds(kinds)).on
        print_json({"on": on}) if as_json else say(_checked_for(on))
    elif take_back is not None or given:
        done = (work.undo(project_id, take_back) if take_back is not None
                else work.decide(project_id, int(answers[given[0]] or 0), given[0]))  # type: ignore[arg-type]
        print_json(done) if as_json else say(
            f"task {done.suspicion.task}: {plural(done.left, 'suspicion')} left to check")
    else:
        found = work.listing(project_id, limit=200)
        print_json(found) if as_json else _show(found)


def _kinds(text: str) -> list[str]:
    from label_studio_config.bands import CHECKED_AT_FIRST
    from ml_backend.suspicion.frames import KINDS, LACKING

    named: dict[str, tuple[str, ...]] = {"all": KINDS, "missing": LACKING, "default": CHECKED_AT_FIRST, "none": ()}
    return [kind for part in text.split(",") for kind in named.get(part.strip(), (part.strip(),))]


def _checked_for(kinds: Sequence[str]) -> str:
    if not kinds:
        return "Nothing is checked for: choose with `--kinds default` or `--kinds all`."
    return f"Checked for: {', '.join(kinds)}."


def _show(found: CheckFirst) -> None:
    on = [kind.kind for kind in found.kinds if kind.on]
    say(f"{plural(found.tasks, 'task')} to check first. {_checked_for(on)}")
    if found.suspicions:
        print_table(["id", "task", "kind", "label", "x, y, width, height (%)", "strength", "seen on"],
                    [[one.id, one.task, one.kind, one.label, ", ".join(f"{v:.1f}" for v in one.box or ()),
                      f"{one.strength:.2f}", one.other or ""] for one in found.suspicions])
    said = [kind for kind in found.kinds if kind.right + kind.wrong]
    if said:
        print_table(["kind", "was right", "of answers"], [[k.kind, k.right, k.right + k.wrong] for k in said])
