"""`argus`: the command line of everything. Commands are imported when they are run, so `argus --help` is quick."""

from __future__ import annotations

import importlib

import click

from argus import __version__, logs
from argus_cli.output import ArgusGroup

# Step → command → what it does in a line. A module of the same name ("-" becomes "_") holds the click command.
STEPS = {
    "Set up": {
        "init": "Create .env with new passwords and secrets.",
        "up": "Start the embedded stack and keep it running.",
        "down": "Stop the embedded stack.",
        "demo": "Run the whole workflow on a rendered factory line.",
        "connect": "Create a Label Studio project for Argus, or adopt one.",
        "disconnect": "Remove Argus from a project; annotations stay.",
    },
    "Import": {
        "import-video": "Import the frames of videos as tasks.",
        "videos": "List the videos that frames come from.",
        "import-labels": "Import labels: COCO, YOLO, Label Studio's JSON.",
        "label-imports": "List imports of labels, or take one back.",
        "sync": "Pick up changed tasks now and show embedding progress.",
    },
    "Search": {
        "search": "Find images by text or by example.",
        "saved-searches": "Manage searches saved by name.",
        "search-history": "Repeat or delete past searches.",
        "views": "Manage the Label Studio views made by Argus.",
        "task": "Show one task with its predictions and annotations.",
        "judgements": "Record which hits are right or wrong.",
        "search-eval": "Measure search quality.",
    },
    "Annotate": {
        "recipe": "Show or change the prompts and thresholds of labels.",
        "references": "Look for everything like a few regions.",
        "engine": "Show or choose the model: SAM 3, or your own detector.",
        "preview": "Try SAM 3 on a few images; saves nothing.",
        "annotate": "Let SAM 3 annotate tasks.",
        "runs": "List, follow, cancel, resume or retry runs.",
    },
    "Review": {
        "review": "Review predictions by score and accept them in bulk.",
        "trust": "Check what random samples prove of what was accepted.",
        "teach": "Teach a label by examples.",
    },
    "Export": {
        "export": "Export annotations as COCO, YOLO or others.",
        "versions": "List, compare or delete versions, lock a test set.",
        "splits": "Show kept splits, lock the test set, or begin anew.",
        "evaluate": "Judge a model's predictions by annotations.",
    },
    "Operate": {
        "status": "Show workers, queues, projects and recent errors.",
        "doctor": "Check every connection and suggest fixes.",
        "audit": "Show who changed what.",
        "worker": "Run one worker.",
        "backup": "Save databases and uploads to one file.",
        "restore": "Restore a backup.",
        "completion": "Print the completion script of a shell.",
    },
}
COMMANDS = {name: text for commands in STEPS.values() for name, text in commands.items()}


class LazyGroup(ArgusGroup):
    """A group whose commands live in `argus_cli.commands.<name>` and are imported when asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"argus_cli.commands.{module}"), module)
        return command

    def resolve_command(self, context: click.Context,
                        args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, args)
        except click.NoSuchCommand as error:  # click suggests from the commands that are loaded, and none is
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=context) from None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for step, commands in STEPS.items():
            with formatter.section(step):
                formatter.write_dl([(f"{name:<{width}}", text) for name, text in commands.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="argus")
def main() -> None:
    """AI assist for Label Studio.

    Import videos, find frames by text, annotate them with SAM 3, review by score, export. Every setting is an
    environment variable ARGUS_…; see docs/settings.md.
    """
    logs.for_people()
