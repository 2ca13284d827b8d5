"""`streamwatch reopen`: it was told to be over, and is not."""

import json
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say


@click.command("reopen")
@click.argument("incident", type=int)
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--note", default="", help="看到什么。What you see.")
@config_option
@json_option
def command(incident: int, by: str, note: str, path: Path | None, as_json: bool) -> None:
    """Open an incident again: it is not over. 重新打开事件：其实没有结束。

    It calls whoever is on duty now, and lasts until `streamwatch resolve`.

    Example 例：streamwatch reopen 12 --by alice --note '观众还说卡'
    """
    _, api = open_api(path)
    answer = api.call("POST", f"/incidents/{incident}/reopen", json={"by": by, "note": note})
    said = say(
        f"事件 #{answer['id']} 已重新打开，结束请用 streamwatch resolve {answer['id']}",
        f"incident #{answer['id']} is open again; to end it: streamwatch resolve {answer['id']}",
    )
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said)
