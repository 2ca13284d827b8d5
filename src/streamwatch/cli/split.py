"""`streamwatch split`: one incident is two."""

import json
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say


@click.command("split")
@click.argument("incident", type=int)
@click.argument("alerts", nargs=-1, required=True)
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@config_option
@json_option
def command(incident: int, alerts: tuple[str, ...], by: str, path: Path | None, as_json: bool) -> None:
    """Make some of its alerts an incident of their own, which calls. 拆分事件：是两件事。

    ALERTS are names of alerts that fire in it, or fingerprints.

    Example 例：streamwatch split 12 BitrateLow --by alice
    """
    _, api = open_api(path)
    answer = api.call("POST", f"/incidents/{incident}/split", json={"alerts": list(alerts), "by": by})
    said = say(f"从 #{incident} 拆出事件 #{answer['id']}", f"incident #{answer['id']} is split off #{incident}")
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said)
