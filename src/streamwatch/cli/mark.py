"""`streamwatch mark`: what people know of an incident and no probe can measure."""

import json
from datetime import datetime
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, moment, open_api
from streamwatch.language import Text, reader_language
from streamwatch.vocabulary import MARKS


@click.command("mark")
@click.argument("incident", type=int)
@click.argument("mark", type=click.Choice(list(MARKS)))
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--at", type=moment, metavar="TIME", help="什么时候；默认现在。Default: now.")
@click.option("--note", default="", help="补充一句。One more word.")
@config_option
@json_option
def command(
    incident: int, mark: str, by: str, at: datetime | None, note: str, path: Path | None, as_json: bool
) -> None:
    """Mark an incident: cut, reported to the authority, a false alarm. 给事件记录：已切断、已报告、误报。

    `streamwatch export` counts false alarms by alert: the rules that need mending.

    Example 例：streamwatch mark 12 false_alarm --by alice --note '现场一切正常'
    """
    known, api = open_api(path)
    body = {"mark": mark, "by": by, "note": note} | ({"at": known.aware(at).isoformat()} if at else {})
    answer = api.call("POST", f"/incidents/{incident}/marks", json=body)
    name = MARKS[mark]
    said = Text(f"事件 #{answer['id']}：{name.zh}", f"incident #{answer['id']}: {name.en}")
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said.read_in(reader_language()))
