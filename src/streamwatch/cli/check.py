"""`streamwatch check`: is duty.yml right, and everything it points to?"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

import click

from streamwatch.cli.api import json_option
from streamwatch.cli.strangers import strange_sessions
from streamwatch.cli.versions import addresses
from streamwatch.clock import utc_now
from streamwatch.config import Config, load
from streamwatch.config.load import warnings
from streamwatch.drill.expected import EXPECTED
from streamwatch.duty import doubts as doubts_of_duty
from streamwatch.errors import ConfigError, Mistake
from streamwatch.incidents import trigger
from streamwatch.language import Text, reader_language
from streamwatch.versions.asking import ask
from streamwatch.versions.needs import Part
from streamwatch.vocabulary import in_names

LOOKED_AHEAD = timedelta(days=14)


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path), default="config/duty.yml")
@click.option("--syntax-only", is_flag=True, help="不读密钥文件。Do not read the secret files.")
@json_option
def command(path: Path, syntax_only: bool, as_json: bool) -> None:
    """Check duty.yml, its secrets and the runbooks; all mistakes at once. 检查配置，一次列出全部错误。

    Example 例：streamwatch check config/duty.yml
    """
    language = reader_language()
    try:
        _is_there(path)
        config = load(path, read_secrets=not syntax_only)
    except ConfigError as error:
        if as_json:
            click.echo(_as_json([asdict(each) for each in error.mistakes], []))
        else:
            click.echo(Text(*error.words).read_in(language), err=True)
            count = Text("{n} 处错误", "{n} mistakes").format(n=len(error.mistakes))
            click.echo(count.read_in(language), err=True)
        sys.exit(1)
    now = utc_now()
    duty = map(in_names, doubts_of_duty(config.book, now, now + LOOKED_AHEAD, config.zone))
    parts = [] if syntax_only else asyncio.run(ask(addresses(config)))
    doubts = [
        *warnings(config),
        *duty,
        *strange_sessions(config, path, now),
        *_unknown_drills(config),
        *map(_too_old, (each for each in parts if each.state in ("old", "lacks"))),
    ]
    if as_json:
        click.echo(_as_json([], doubts))
        return
    for doubt in doubts:
        click.echo(Text(f"注意：{doubt.zh}", f"careful: {doubt.en}").read_in(language), err=True)
    click.echo(_fine(path, config).read_in(language))


def _is_there(path: Path) -> None:
    """Other commands take it by --config, and say so when it is not there."""
    if not path.exists():
        raise ConfigError([Mistake(str(path), 0, 0, "", NO_FILE.en, NO_FILE.zh)])


NO_FILE = Text("没有这个文件；请写 streamwatch check 文件", "no such file; write streamwatch check FILE")


def _unknown_drills(config: Config) -> Iterator[Text]:
    """They would stay due for ever."""
    known = {*EXPECTED, *trigger.BY_WORD}
    for each in config.file.drills:
        if each.fault not in known:
            near = ", ".join(get_close_matches(each.fault, known, 3, 0.5)) or "streamwatch drill --list"
            yield Text(
                f"drills：没有演练“{each.fault}”；可用：{near}",
                f"drills: there is no drill '{each.fault}'; see {near}",
            )


def _too_old(part: Part) -> Text:
    """What does not answer is not named: nothing need run where a file is checked."""
    return Text(f"{part.title} {part.version}：{part.text.zh}", f"{part.title} {part.version}: {part.text.en}")


def _as_json(mistakes: list[dict[str, object]], doubts: list[Text]) -> str:
    told = [{"text": each.en, "text_zh": each.zh} for each in doubts]
    return json.dumps({"ok": not mistakes, "mistakes": mistakes, "warnings": told}, ensure_ascii=False)


def _fine(path: Path, config: Config) -> Text:
    fine = Text("{file}：{people} 人，{channels} 个渠道，{books} 份预案，没有错误",
                "{file}: {people} people, {channels} channels, {books} runbooks, no mistakes")  # fmt: skip
    people, books = len(config.book.people), len(config.runbooks)
    return fine.format(file=path, people=people, channels=len(config.channels), books=books)
