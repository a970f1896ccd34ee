"""`argus evaluate`: judge a model version's predictions by people's annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast, get_args

import click

from argus.answers.evaluation import Evaluation, Split
from argus.errors import ArgusError
from argus_cli import output_evaluation
from argus_cli.output import F, plural, project_option, remember_json, say
from argus_cli.recorded import recorded

_LISTS = {"false-positives": "false_positives", "misses": "misses", "confusions": "confusions"}


def _document(name: str, what: str, callback: Callable[..., Any] | None = None) -> Callable[[F], F]:
    return click.option(f"--{name}", f"as_{name}", is_flag=False, flag_value="-", metavar="[FILE]", callback=callback,
                        is_eager=callback is not None, help=f"Print {what}, or write it to a file.")


@click.command()
@project_option
@click.option("--model-version", default="", metavar="NAME", help="Whose predictions to judge.  [default: the "
              "project's current model version]")
@click.option("--on", type=click.Choice(get_args(Split)), default="test", show_default=True,
              help="The split that exports made, or every annotated image.")
@click.option("--against", default="", metavar="NAME", help="Another model version to compare with.")
@click.option("--splits", default="", metavar="NAMES", help="The division into these splits, for example "
              "train,val,test. Not needed if only one has the split.")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.25, show_default=True, help="Leave detections of a "
              "lower score out of confusions and lists of errors; AP and AR have them.")
@click.option("--only-predicted", is_flag=True, help="Leave out images without a prediction of the model version; else "
              "nothing counts as found on them.")
@click.option("--min-ap50", type=click.FloatRange(0, 1), help="End with status 1 when AP50 is lower, for CI.")
@click.option("--view", type=click.Choice(list(_LISTS)), help="Make a Label Studio view of images with such errors.")
@_document("json", "JSON for scripts", remember_json)
@_document("markdown", "a Markdown report")
@recorded(lambda options: "view.make" if options["view"] else "")
def evaluate(project_id: int, model_version: str, on: str, against: str, splits: str, min_score: float,
             only_predicted: bool, min_ap50: float | None, view: str | None, as_json: str | None,
             as_markdown: str | None) -> None:
    """Judge a model version's predictions by people's annotations: AP50, AP50:95 and AR as COCO defines them, per label
    and size, confusions, calibration, and what was false or missed.

    \b
        argus evaluate --project 7
        argus evaluate --project 7 --model-version rfdetr-2 --against rfdetr-1 --on test
        argus evaluate --project 7 --min-ap50 0.8 --json evaluation.json --markdown evaluation.md
    """
    from search_service.evaluation.service import Asked
    from search_service.evaluation.service import evaluate as judge

    if as_json == as_markdown == "-":
        raise ArgusError("bad_request", "JSON and Markdown cannot both be printed.", "Write one of them to a file.")
    found = judge(project_id, Asked(model_version, cast(Split, on), against, splits, min_score, only_predicted))
    _give(as_json, found.model_dump_json(indent=2) + "\n")
    _give(as_markdown, output_evaluation.markdown(found))
    printed = "-" in (as_json, as_markdown)
    if not printed:
        output_evaluation.show(found)
    if view:
        _view(project_id, found, view, quiet=printed)
    if min_ap50 is not None and (found.model.ap50 is None or found.model.ap50 < min_ap50):
        reached = "there is none" if found.model.ap50 is None else f"it is {found.model.ap50:.4f}"
        click.secho(f"AP50 is not {min_ap50:g} or more: {reached}.", fg="red", err=True)
        raise SystemExit(1)


def _give(where: str | None, text: str) -> None:
    """Print a document, or write it to a file; nothing when it was not asked for."""
    if where == "-":
        click.echo(text, nl=False)
    elif where:
        try:
            Path(where).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ArgusError("bad_request", f"{where} cannot be written: {error.strerror}.") from error


def _view(project_id: int, found: Evaluation, kind: str, *, quiet: bool) -> None:
    from search_service.views import search_views

    tasks = getattr(found.model, _LISTS[kind]).tasks
    what = kind.replace("-", " ")
    if tasks:
        made = search_views.make(project_id, f"{what} of {found.model.model_version} on {found.on}", None, tasks,
                                 len(tasks))
    if not quiet:
        say(f"view of {plural(made.tasks, 'image')}: {made.url}" if tasks else f"no {what}: no view was made")
