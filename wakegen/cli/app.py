"""The command tree. A command's module is imported when the command is looked at, not before."""

from __future__ import annotations

from importlib import import_module

import click

from wakegen import __version__

# In the order of the work. name → where it stands.
COMMANDS = {
    "check": "wakegen.cli.check:check",
    "make": "wakegen.cli.make:make",
    "generate": "wakegen.cli.generate:generate",
    "simulate": "wakegen.cli.stages:simulate",
    "gate": "wakegen.cli.stages:gate",
    "train": "wakegen.cli.stages:train",
    "test": "wakegen.cli.stages:test",
    "bench": "wakegen.cli.bench:bench",
    "devices": "wakegen.cli.devices:devices",
    "report": "wakegen.cli.stages:report",
    "export": "wakegen.cli.export:export",
    "listen": "wakegen.cli.listen:listen",
    "serve": "wakegen.cli.serve:serve",
    "firmware": "wakegen.cli.firmware:firmware",
    "device-agent": "wakegen.cli.device_agent:device_agent",
    "engines": "wakegen.cli.engines:engines",
    "voices": "wakegen.cli.voices:voices",
    "bank": "wakegen.cli.bank:bank",
    "cache": "wakegen.cli.cache:cache",
    "doctor": "wakegen.cli.doctor:doctor",
    "config": "wakegen.cli.config:config",
    "completion": "wakegen.cli.completion:completion",
    "list-providers": "wakegen.cli.engines:list_providers",
    "list-voices": "wakegen.cli.voices:list_voices",
}


class LazyGroup(click.Group):
    """A group whose commands are rows of COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from wakegen.core.names import did_you_mean

            ctx.fail(f"There is no command '{args[0]}'. {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="wakegen %(version)s")
def app() -> None:
    """From a phrase and a device to a measured wake-word detector.

    \b
    wakegen make "hey katya" --preset quick --device rpi4
    wakegen listen output/hey_katya/models/hey_katya.onnx --mic

    Every stage of `make` is also a command over the same project folder. Exit codes: 0 done, 1 failed,
    2 usage, 3 bad input or configuration, 4 not installed, 5 device, 6 a limit was not met, 70 a bug, 130 Ctrl-C.
    """
