"""`streamwatch ack`: take an incident from the terminal."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, open_api
from streamwatch.language import Text, reader_language


@click.command("ack")
@click.argument("incident", type=int)
@click.option("--by", required=True, help="你在 duty.yml 里的 id 或名字。Your id or name in duty.yml.")
@config_option
@json_option
def command(incident: int, by: str, path: Path | None, as_json: bool) -> None:
    """Take an incident: "I am on it". 认领事件：我来处理。

    Exit 0 when it is yours, 1 when somebody else has it.

    Example 例：streamwatch ack 12 --by alice
    """
    _, api = open_api(path)
    answer = api.call("POST", f"/incidents/{incident}/ack", json={"by": by})
    mine = answer["acknowledged_by"] == answer["by"]
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo(_words(answer, mine=mine).read_in(reader_language()), err=not mine)
    sys.exit(0 if mine else 1)


def _words(answer: dict[str, Any], *, mine: bool) -> Text:
    at = datetime.fromisoformat(answer["acknowledged_at"])
    words = {"id": answer["id"], "who": answer["acknowledged_by_name"], "at": f"{at:%H:%M:%S}"}
    if answer["changed"]:
        said = Text("事件 #{id} 由 {who} 认领", "incident #{id} is taken by {who}")
    elif mine:
        said = Text(
            "事件 #{id} 早已由你（{who}）在 {at} 认领", "incident #{id} is yours ({who}) since {at} already"
        )
    else:
        said = Text(
            "没有改变：事件 #{id} 已由 {who} 在 {at} 认领",
            "nothing changed: incident #{id} is taken by {who} since {at}",
        )
    return said.format(**words)
