"""`streamwatch passphrase`: a line for the file of console.passphrases_file, without the passphrase in it."""

import json
import os
import sys
from pathlib import Path

import click

from streamwatch.access.passphrases import LONGEST, NAME, line_of, with_line
from streamwatch.cli.api import json_option, say
from streamwatch.errors import CommandFailed
from streamwatch.language import Text


@click.command("passphrase")
@click.argument("name")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="写入这个文件，替换此人原有的一行。Write it there, instead of the line that this name had.",
)
@json_option
def command(name: str, path: Path | None, as_json: bool) -> None:
    """Hash a passphrase for the console's login. 生成控制台登录口令的散列。

    Asks for it twice, or reads it from a pipe; 12 characters at least. NAME is an id of duty.yml.
    输入两遍，或从管道读入；至少 12 个字符。改完后运行 streamwatch reload。

    Example 例：streamwatch passphrase alice --file config/secrets/passphrases
    """
    if not NAME.fullmatch(name):
        raise click.BadParameter(
            say("只能用小写字母、数字、- 和 _", "small letters, digits, - and _ only"), param_hint="NAME"
        )
    line = line_of(name, _asked())
    if path is not None:
        _write(path, line)
    if as_json:
        click.echo(json.dumps({"name": name, "line": line} | ({"file": str(path)} if path else {})))
    elif path is None:
        click.echo(line)
    else:
        click.echo(say(f"{name} 的口令已写入 {path}", f"the passphrase of {name} is in {path}"))


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    text: str = click.prompt(
        say("口令", "passphrase"), hide_input=True, err=True, confirmation_prompt=say("再输入一遍", "once more")
    )
    return text


def _write(path: Path, line: str) -> None:
    """Whole or not at all, and for nobody else to read."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(with_line(old, line))
        fresh.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise CommandFailed(Text(f"无法写入 {path}：{why}", f"{path} cannot be written: {why}")) from error
