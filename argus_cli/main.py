"""`argus`: the command line of everything. Commands are imported when they are run, so `argus --help` is quick."""

from __future__ import annotations

import importlib

import click

from argus import __version__, logs
from argus_cli.output import ArgusGroup

# Name → module that holds a click command of the same name ("-" becomes "_"), in the order of the story.
COMMANDS = {
    "init": "Write .env with new passwords and secrets, for containers.",
    "up": "Start the embedded stack and keep it running.",
    "down": "Stop the embedded stack.",
    "demo": "Show the whole chain on a rendered factory line.",
    "connect": "Create a Label Studio project for Argus, or adopt one.",
    "import-video": "Cut a video into frames and import them as tasks.",
    "sync": "Show how many of a project's images are embedded.",
    "videos": "List the videos that frames come from.",
    "search": "Find frames by text and by example.",
    "search-history": "What was searched for: list, repeat, delete.",
    "saved-searches": "Searches kept by name: list, run, change, refresh, delete.",
    "judgements": "Say which hits are right: add, list, delete.",
    "search-eval": "Measure the search by what people said of hits.",
    "views": "Label Studio views that Argus made: list, make, refresh, remove.",
    "task": "Show one task with its predictions and annotations.",
    "recipe": "Show or change what the labels are asked for.",
    "preview": "Show what SAM 3 would find, on a few images.",
    "annotate": "Let SAM 3 label tasks.",
    "review": "Review predictions by score: status, accept, undo, bands, views and more.",
    "export": "Write the annotations as COCO or YOLO.",
    "worker": "Run one worker.",
    "status": "Show workers, queues, projects, and what failed last.",
    "audit": "Show who changed what.",
    "doctor": "Check every connection and suggest fixes.",
    "backup": "Write everything that cannot be made again into one file.",
    "restore": "Put the state of a backup back.",
}


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

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="argus")
def main() -> None:
    """AI assist for Label Studio.

    Video in, frames found by text, labelled by SAM 3, reviewed by confidence, exported. Every setting is an
    environment variable ARGUS_…; see docs/settings.md.
    """
    logs.for_people()
