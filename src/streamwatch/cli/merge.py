"""`streamwatch merge`: two incidents are one."""

import json
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say


@click.command("merge")
@click.argument("incident", type=int)
@click.option("--into", required=True, type=int, help="它属于哪个事件。The incident that it is part of.")
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@config_option
@json_option
def command(incident: int, into: int, by: str, path: Path | None, as_json: bool) -> None:
    """Make one incident part of another: they have one cause. 合并事件：是同一件事。

    Nobody is called for it; whoever was called for either hears of the end.

    Example 例：streamwatch merge 13 --into 12 --by alice
    """
    _, api = open_api(path)
    answer = api.call("POST", f"/incidents/{incident}/merge", json={"into": into, "by": by})
    said = say(f"事件 #{incident} 已并入 #{into}", f"incident #{incident} is part of #{into} now")
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said)
