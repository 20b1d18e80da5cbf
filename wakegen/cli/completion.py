"""`wakegen completion`: Tab completes commands and options."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    bash:  wakegen completion bash > ~/.local/share/bash-completion/completions/wakegen
    zsh:   wakegen completion zsh > "${fpath[1]}/_wakegen"
    fish:  wakegen completion fish > ~/.config/fish/completions/wakegen.fish
    """
    from click.shell_completion import get_completion_class

    from wakegen.cli.app import app

    kind = get_completion_class(shell)
    assert kind is not None, "click knows all three shells"
    click.echo(kind(app, {}, "wakegen", "_WAKEGEN_COMPLETE").source())
