"""`streamwatch useful`: whether a page was of use to whoever was called."""

import json
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say


@click.command("useful")
@click.argument("incident", type=click.IntRange(0))
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--no", "useless", is_flag=True, help="没用。It was not.")
@click.option("--why", default="", help="因为什么。Because of what.")
@config_option
@json_option
def command(incident: int, by: str, useless: bool, why: str, path: Path | None, as_json: bool) -> None:
    """Say whether a page was of use to you. 呼叫有没有用：被呼叫的人说。

    The last word counts. `streamwatch report` and `export` count it by alert: the rules that need mending.

    Example 例：streamwatch useful 12 --by alice --no --why '备用线路已在用'
    """
    _, api = open_api(path)
    body = {"by": by, "useful": not useless, "why": why}
    answer = api.call("POST", f"/incidents/{incident}/useful", json=body)
    number = answer["id"]
    said = (
        say(f"事件 #{number}：没用", f"incident #{number}: not useful")
        if useless
        else say(f"事件 #{number}：有用", f"incident #{number}: useful")
    )
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said)
