"""What was selected for a bulk acceptance, asked and told in words."""

from __future__ import annotations

from collections.abc import Sequence

import click

from argus.answers.review import Acceptance, Accepted, AcceptPlan, Added, ReviewStatus, SelectionSpec
from argus_cli.output import plural, print_table, say


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
    rejected = f"; {plural(plan.rejected, 'rejected object')} left out" if plan.rejected else ""
    corrected = f"; {plural(plan.corrected, 'object')} corrected as somebody said" if plan.corrected else ""
    click.confirm(f"Accept {plural(plan.tasks, 'task')} with {plural(plan.objects, 'object')} "
                  f"({selection_words(selection)}{rejected}{corrected}{aside})?", abort=True)


def selection_words(selection: SelectionSpec) -> str:
    """Return "nothing found", "3 chosen tasks", "judged tasks", "score 0.9 and above"."""
    if selection.get("nothing_found"):
        return "nothing found"
    tasks = selection.get("task_ids")
    if selection.get("judged"):
        return plural(len(tasks), "judged task") if tasks else "judged tasks"
    if tasks:
        return plural(len(tasks), "chosen task")
    upper, kind = selection.get("max_score"), "added labels, " if selection.get("additions") else ""
    return f"{kind}score {selection['min_score']:g} " + ("and above" if upper is None else f"to {upper:g}")


def show_acceptances(last: Sequence[Acceptance]) -> None:
    """Print the last acceptances as a table."""
    print_table(["acceptance", "when", "by", "selection", "state", "tasks", "taken back", "left as changed",
                 "verification"],
                [[a.id, f"{a.created_at:%Y-%m-%d %H:%M}", a.accepted_by, selection_words(a.selection), a.state,
                  a.accepted, a.undone, a.kept, _verified(a)] for a in last])


def _verified(one: Acceptance) -> str:
    if one.verified:
        return "verified"
    return f"verified: {', '.join(one.verified_labels)} only" if one.verified_labels else "not verified"


def tell_waiting(found: ReviewStatus) -> None:
    """Say which tasks no acceptance by score takes."""
    if found.left and not found.check_first_chosen:
        say("Tasks can be accepted although an object may be missing: nobody has chosen what is checked first (argus "
            "review check-first --kinds default)")
    if found.check_first:
        say(f"{plural(found.check_first, 'task')} to check first: something may be missing or odd (argus review "
            "check-first)")
    if found.set_aside:
        say(f"{plural(found.set_aside, 'task')} of these set aside to be fixed: in no band")
