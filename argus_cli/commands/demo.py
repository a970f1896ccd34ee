"""`argus demo`: the whole chain on a rendered factory line, on real servers."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from argus.settings import Settings, get_settings

if TYPE_CHECKING:
    from argus_cli.stack import Stack

console = Console(highlight=False)


@click.command()
@click.option("--once", is_flag=True, help="Stop when the workflow is done.")
def demo(once: bool) -> None:
    """Run the whole workflow on a rendered factory line.

    Starts every server on this machine, renders a video, imports its frames as tasks, finds those that show a cpu,
    annotates them with SAM 3, accepts high scores, exports COCO and YOLO, and writes summary.json. Then it keeps
    running until Ctrl-C, so that you can look around. A second start reuses everything; `make clean-demo` deletes
    it.
    """
    from argus_cli.stack import Stack
    from demo.measure import summary
    from demo.story import Story

    settings = demo_settings()
    began = time.monotonic()
    with Stack(settings, progress=_say) as stack:
        os.environ.update(stack.env)
        get_settings.cache_clear()
        started = time.monotonic()
        story = Story(settings.home, _say)
        story.tell()
        seconds = {"install": _install_seconds(), "start": round(started - began, 1),
                   "main_job": round(time.monotonic() - started, 1)}
        facts = summary(story, seconds)
        path = settings.home / "summary.json"
        path.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        _show(facts, story, path)
        if not once:
            _stay(stack)
    console.print("Stopped.")


def _stay(stack: Stack) -> None:
    told = " ".join(f"{name}={shlex.quote(value)}" for name, value in told_environment(os.environ).items())
    console.print("The commands act on it in another terminal of this folder, after", markup=False)
    console.print(f"  export {told}", markup=False, soft_wrap=True)
    console.print("Running until Ctrl-C.")
    try:
        stack.wait()
    except KeyboardInterrupt:
        console.print("Stopping …")


def told_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a command needs of the demo's environment: its home and models, and the addresses that are not the
    usual ones, because the ports are others."""
    urls = {f"ARGUS_{name.upper()}": Settings.model_fields[name].default
            for name in ("label_studio_url", "search_service_url", "ml_backend_url")}
    return {name: environment[name] for name in ("ARGUS_HOME", "ARGUS_SIGLIP_MODEL", "ARGUS_SAM3_MODEL")} \
        | {name: environment[name] for name, usual in urls.items() if environment[name] != usual}


def demo_settings() -> Settings:
    """Return the settings of the demo: its own home, the committed checkpoints, what the environment says otherwise."""
    import demo as demo_package

    checkpoints = Path(demo_package.__file__).parent / "checkpoints"
    os.environ.setdefault("ARGUS_HOME", ".argus/demo")
    os.environ.setdefault("ARGUS_SIGLIP_MODEL", str(checkpoints / "siglip2-tiny"))
    os.environ.setdefault("ARGUS_SAM3_MODEL", str(checkpoints / "sam3-tiny"))
    os.environ.setdefault("ARGUS_TORCH_THREADS", "1")  # the tiny models gain nothing from more, two workers lose by it
    get_settings.cache_clear()
    return get_settings()


def _say(line: str) -> None:
    console.print(line, markup=False)


def _install_seconds() -> float:
    """Seconds the last installation took, as the Makefile wrote them; 0 when it was done by other means."""
    path = Path(".argus/install.json")
    return float(json.loads(path.read_text())["seconds"]) if path.exists() else 0.0


def _show(facts: dict[str, Any], story: Any, path: Path) -> None:
    settings = get_settings()
    table = Table(title="What happened", show_header=False)
    for name, value in (
        ("Frames imported, embedded", f"{facts['frames']}, {facts['embedded']}"),
        ("Precision of the first 10 hits",
         ", ".join(f"{label} {found['precision_at_10']:.1f}" for label, found in facts["search"].items())),
        ("Tasks labelled by SAM 3", "{done} of {requested}, {failed} failed".format(**facts["run"])),
        ("Tasks by score", "  ".join(f"{k.replace('_', ' ')} {v}" for k, v in facts["bands"].items())),
        ("Objects, precision, recall", "{objects}, {precision:.2f}, {recall:.2f}".format(**facts["quality"])),
        ("Precision of objects ≥ 0.9", f"{facts['quality']['high_band_precision']:.2f}"),
        ("Accepted in bulk", f"{facts['accepted_objects']} objects on {facts['accepted_tasks']} tasks"),
        ("Exported", f"COCO {facts['export']['coco']['objects']}, YOLO {facts['export']['yolo']['objects']} objects "
                     f"→ {story.folder / 'export'}"),
        ("Seconds", "  ".join(f"{k} {v:g}" for k, v in facts["seconds"].items())),
        ("Label Studio", f"{settings.public_label_studio_url}/projects/{story.project}/data"),
        ("Login", f"{settings.label_studio_user} / {settings.label_studio_password.get_secret_value()}"),
        ("Argus page", settings.search_service_url), ("Summary", str(path)),
    ):
        table.add_row(name, value)
    console.print(table)
