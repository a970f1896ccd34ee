"""`argus status`: what runs, what waits, and what failed last."""

from __future__ import annotations

from datetime import datetime

import click

from argus_cli.output import json_option, plural, print_json, print_table, say


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show workers, queues, projects and recent errors. `argus doctor` checks connections."""
    from search_service.health.status import status as service

    found = service()
    if as_json:
        print_json(found)
        return
    model = found.search_model
    say(f"Argus {found.version}; searches use {model.name}" if model else f"Argus {found.version}")
    for refusal in found.refusals:
        say(f"{refusal.message} {refusal.hint}")
    print_table(["worker", "host", "state", "done", "failed"],
                [(w.role, w.host, w.state, w.done, w.failed) for w in found.workers])
    print_table(["queue", "waiting", "failed", "last job"],
                [(q.name, q.waiting, q.failed, _minute(q.last_job)) for q in found.queues])
    print_table(["project", "title", "connected", "images", "embedded", "waiting", "failed", "videos"],
                [(p.id, p.title, "gone" if p.missing_since else "yes" if p.connected else "", p.seen,
                  p.embedded, p.waiting, p.failed, p.videos) for p in found.projects])
    for project in found.projects:
        for warning in project.warnings:
            say(f"Project {project.id}: {warning}")
        if project.noted:
            say(f"Project {project.id}: {plural(project.noted, 'task')} with values in their data that were left "
                f"out; `argus sync --project {project.id}` lists them.")
    if found.errors:
        print_table(["when", "what", "project", "task", "run", "what happened"],
                    [(_minute(e.at), e.what, e.project, e.task, e.run,
                      e.message) for e in found.errors])


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
