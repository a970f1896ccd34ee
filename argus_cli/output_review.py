"""What was selected for a bulk acceptance, asked and told in words."""

from __future__ import annotations

import click

from argus.answers.review import Accepted, AcceptPlan, Added, SelectionSpec
from argus_cli.output import plural, say


def tell_rest(report: Accepted | Added, changed: int) -> None:
    """Say what was left out and why, and the way back when something was changed."""
    for reason, count in report.reasons.items():
        say(f"left out {plural(count, 'task')}: {reason}")
    if changed:
        say(f"take it back with: argus review undo {report.acceptance}")


def confirm_acceptance(plan: AcceptPlan, selection: SelectionSpec) -> None:
    """Ask whether to accept what the plan counts. Raises `click.Abort`."""
    if not plan.tasks:
        return  # there is nothing to agree to; the report will say so
    aside = f"; {plural(plan.set_aside, 'task')} stay out, set aside to be fixed" if plan.set_aside else ""
    click.confirm(f"Accept {plural(plan.tasks, 'task')} with {plural(plan.regions, 'object')} "
                  f"({selection_words(selection)}{aside})?", abort=True)


def selection_words(selection: SelectionSpec) -> str:
    """Return "nothing found", "3 chosen tasks", "score 0.9 and above"."""
    if selection.get("nothing_found"):
        return "nothing found"
    if tasks := selection.get("task_ids"):
        return plural(len(tasks), "chosen task")
    upper, kind = selection.get("max_score"), "added labels, " if selection.get("additions") else ""
    return f"{kind}score {selection['min_score']:g} " + ("and above" if upper is None else f"to {upper:g}")
