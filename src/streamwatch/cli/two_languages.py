"""The list of commands in a help text: each in both languages, whole."""

import re
import textwrap

import click


class Commands(click.Group):
    """click would cut each to one line, by characters not columns, and show one language."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        width = max(WIDTH, *map(len, names)) if names else WIDTH
        indent = " " * (width + 2)
        formatter.write("\nCommands 命令:\n")
        for name in names:
            command = self.get_command(ctx, name)
            assert command is not None  # it stands in the list
            zh, en = languages(command.help or "")
            text = textwrap.fill(en, 78, initial_indent=indent, subsequent_indent=indent)
            formatter.write(f"  {name:<{width}}{zh}\n{text}\n")


WIDTH = 11  # columns of a name


def languages(text: str) -> tuple[str, str]:
    """The two halves of a command's first sentence: Chinese, then English, as they are shown."""
    first = " ".join(text.split("\n\n")[0].split())
    at = re.search(r"[\u4e00-\u9fff]", first)
    return (first[at.start() :], first[: at.start()].strip()) if at else ("", first)
