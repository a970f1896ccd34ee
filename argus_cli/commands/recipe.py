"""`argus recipe`: what a project's labels are asked for."""

from __future__ import annotations

import click

from argus.answers.runs import RecipeChange
from argus_cli.output import json_option, plural, print_json, print_table, project_option, say
from argus_cli.output_runs import tell_unread
from argus_cli.recorded import recorded


@click.command()
@project_option
@click.option("--label", "-l", "label", help="Change this label.")
@click.option("--prompt", "prompts", multiple=True, help="Noun phrase to look for; repeatable. With --label.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Lowest score that is shown. With --label.")
@click.option("--reset", is_flag=True, help="Reset to what the labelling config says. With --label.")
@click.option("--dry-run", is_flag=True, help="Only show what the change would do.")
@json_option
@recorded(lambda options: "recipe.change" if options["label"] and not options["dry_run"] else "")
def recipe(project_id: int, label: str | None, prompts: tuple[str, ...], threshold: float | None, reset: bool,
           dry_run: bool, as_json: bool) -> None:
    """Show or change prompts and thresholds of a project's labels.

    Argus stores them; the labelling config in Label Studio does not change. The next run updates predictions.

    \b
        argus recipe --project 7 --label cpu --prompt cpu --prompt "computer chip" --threshold 0.5
    """
    from label_studio_config import projects
    from label_studio_config.recipe import plan_for
    from ml_backend.runs import recipes

    changing = bool(prompts) or threshold is not None or reset
    if changing != (label is not None):
        raise click.UsageError("--label needs one of --prompt, --threshold and --reset, and they need --label.")
    if reset and (prompts or threshold is not None):
        raise click.UsageError("--reset cannot be combined with --prompt or --threshold.")
    effect: RecipeChange | None = None
    if label is not None:
        label = plan_for(projects.load(project_id)).concept(label).label
        old = next(c for c in recipes.describe_recipe(project_id).concepts if c.label == label)
        wanted = {"label": label, "prompts": list(prompts) or (None if reset else old.prompts),
                  "threshold": None if reset else old.threshold if threshold is None else threshold}
        effect = recipes.change_recipe(project_id, [wanted], dry_run=dry_run)
    found = recipes.describe_recipe(project_id)
    if as_json:
        print_json(found.model_dump(mode="json") | ({"effect": effect} if effect else {}))
        return
    print_table(["label", "prompts", "threshold", "changed here"],
                [[c.label, " · ".join(c.prompts), c.threshold, "yes" if c.changed else ""] for c in found.concepts])
    tell_unread(effect.unread if effect and dry_run else found.unread)
    if effect:
        say(("Would change: " if dry_run else "Changed: ") + (", ".join(effect.changed) or "nothing")
            + f". With the next run {plural(effect.rebuilt, 'predicted task')} follow without the model, and "
              f"{plural(effect.again, 'predicted task')} must be looked at again.")
