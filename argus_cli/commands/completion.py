"""`argus completion`: the script by which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from argus_cli.output import say

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    Load it in the shell's startup file:

    \b
        bash  ~/.bashrc                    eval "$(argus completion bash)"
        zsh   ~/.zshrc, after compinit    eval "$(argus completion zsh)"
        fish  ~/.config/fish/config.fish   argus completion fish | source
    """
    script = get_completion_class(shell)
    assert script is not None  # click knows each of SHELLS
    say(script(context.find_root().command, {}, "argus", "_ARGUS_COMPLETE").source())
