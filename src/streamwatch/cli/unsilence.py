"""`streamwatch unsilence`: an incident calls again."""

import json
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say


@click.command("unsilence")
@click.argument("incident", type=int)
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@config_option
@json_option
def command(incident: int, by: str, path: Path | None, as_json: bool) -> None:
    """End the silence of an incident: it calls again. 解除静默：重新呼叫。

    Example 例：streamwatch unsilence 12 --by alice
    """
    _, api = open_api(path)
    answer = api.call("POST", f"/incidents/{incident}/unsilence", json={"by": by})
    said = say(f"事件 #{answer['id']} 已解除静默", f"incident #{answer['id']} is not silenced any more")
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said)
