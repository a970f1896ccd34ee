"""`argus doctor`: check every connection and suggest fixes."""

from __future__ import annotations

import sys

import click

from argus_cli import projects
from argus_cli.output import json_option, print_json, say

_SIGNS = {"ok": ("ok", "green"), "problem": ("PROBLEM", "red"), "unknown": ("-", "yellow")}


@click.command()
@click.option("--project", "-p", "project_id", type=projects.Project(), metavar="PROJECT",
              help="Check this project only.  [default: all connected ones]")
@json_option
def doctor(project_id: int | None, as_json: bool) -> None:
    """Check every connection and suggest fixes. The exit status is 0 only when there is no problem.

    Makes no changes.
    """
    from search_service.health.doctor import Doctor

    findings = []
    for finding in Doctor(project_id=project_id).run():
        findings.append(finding)
        if not as_json:
            word, colour = _SIGNS[finding.state]
            say(f"{click.style(f'{word:<8}', fg=colour)} {finding.name}: {finding.detail}")
            if finding.state != "ok" and finding.fix:
                say(f"{'':<8} {finding.fix}")
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        print_json({"ok": not problems, "findings": [finding.answer() for finding in findings]})
    else:
        say(f"{problems or 'no'} problem{'' if problems == 1 else 's'}")
    sys.exit(1 if problems else 0)
