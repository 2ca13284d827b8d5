"""`streamwatch`: one file per command. A command is loaded when it is called, so that help stays instant."""

import difflib
import sys
from importlib import import_module

import click

from streamwatch import __version__
from streamwatch.cli.two_languages import Commands
from streamwatch.errors import StreamWatchError
from streamwatch.language import Text, reader_language

COMMANDS = {
    "up": "up",
    "status": "status",
    "serve": "serve",
    "check": "check",
    "rules": "rules",
    "reload": "reload",
    "who": "who",
    "would": "would",
    "duty": "duty",
    "session": "session",
    "preflight": "preflight",
    "ack": "ack",
    "silence": "silence",
    "unsilence": "unsilence",
    "merge": "merge",
    "split": "split",
    "pages": "pages",
    "trigger": "trigger",
    "resolve": "resolve",
    "mark": "mark",
    "useful": "useful",
    "complaints": "complaints",
    "reopen": "reopen",
    "send-test": "send_test",
    "drill": "drill",
    "export": "export",
    "report": "report",
    "versions": "versions",
    "commerce": "commerce",
    "action": "action",
    "passphrase": "passphrase",
    "audit": "audit",
}


class _Commands(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"streamwatch.cli.{COMMANDS[cmd_name]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(_unknown(args[0]).read_in(reader_language()))
        return super().resolve_command(ctx, args)


def _unknown(name: str) -> Text:
    near = difflib.get_close_matches(name, COMMANDS, 1)
    if near:
        return Text(f"没有命令“{name}”；你是说 {near[0]} 吗？", f"no command '{name}'; did you mean {near[0]}?")
    known = " ".join(COMMANDS)
    return Text(f"没有命令“{name}”；命令有：{known}", f"no command '{name}'; commands are: {known}")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="streamwatch")
def group() -> None:
    """Watch live streams, call the one person on duty. 监看直播，呼叫当班的那个人。

    Example 例：streamwatch up
    """


def main() -> None:
    """Exit 0 ok, 1 bad, 2 usage. An expected failure is one sentence, never a traceback."""
    try:
        group()
    except StreamWatchError as error:
        click.echo(f"streamwatch: {Text(*error.words).read_in(reader_language())}", err=True)
        sys.exit(1)
