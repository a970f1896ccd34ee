"""`argus judgements`: thumbs on hits, by which `argus search-eval` measures the search."""

from __future__ import annotations

import click

from argus_cli.output import (
    HelpGroup,
    ids_option,
    json_option,
    plural,
    print_ids,
    print_json,
    print_table,
    project_option,
    say,
)
from argus_cli.recorded import recorded


@click.group(cls=HelpGroup)
def judgements() -> None:
    """Record, list or delete judgements of hits: right or wrong. `argus search-eval` uses them."""


@judgements.command()
@click.argument("query")
@click.argument("tasks", metavar="TASK...", nargs=-1, required=True, type=click.IntRange(min=1))
@project_option
@click.option("--right", "word", flag_value="right", default=True, help="They match QUERY.  [default]")
@click.option("--wrong", "word", flag_value="wrong", help="They do not.")
@click.option("--unsaid", "word", flag_value="unsaid", help="Remove their judgement.")
@json_option
@recorded("judgement.set")
def add(query: str, tasks: tuple[int, ...], project_id: int, word: str, as_json: bool) -> None:
    """Record whether these tasks are right hits for QUERY.

    \b
        argus judgements add "red fan" 17 23 --project 7
        argus judgements add "red fan" 31 --project 7 --wrong
    """
    from label_studio_config.projects import require_tasks
    from search_service.search.evaluation import judge

    require_tasks(project_id, tasks)  # all or none
    relevant = {"right": True, "wrong": False, "unsaid": None}[word]
    count = [judge(project_id, query, task, relevant) for task in tasks][-1]
    if as_json:
        print_json({"judged": count})
        return
    say(f"{plural(count, 'image')} judged for “{' '.join(query.split())}”")


@judgements.command("list")
@project_option
@click.option("--query", help="Only those on this query.")
@ids_option
@json_option
def listing(project_id: int, query: str | None, ids_only: bool, as_json: bool) -> None:
    """List judgements by query and task; with --ids the tasks."""
    from search_service.search.evaluation import judgements as said

    found = said(project_id, query)
    if ids_only:
        return print_ids(dict.fromkeys(one.task for one in found))
    if as_json:
        print_json({"judgements": found})
        return
    print_table(["query", "task", "said"],
                [(one.query, one.task, "right" if one.relevant else "wrong") for one in found])


@judgements.command()
@project_option
@click.option("--query", help="Only those on this query.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@recorded("judgement.delete")
def delete(project_id: int, query: str | None, yes: bool, as_json: bool) -> None:
    """Delete the judgements of one query, or all."""
    from search_service.search import evaluation

    if not yes and not as_json:
        count = len(evaluation.judgements(project_id, query))
        click.confirm(f"Forget {plural(count, 'judgement')}?", abort=True)
    count = evaluation.forget_judgements(project_id, query)
    if as_json:
        print_json({"deleted": count})
        return
    say(f"forgot {plural(count, 'judgement')}")
