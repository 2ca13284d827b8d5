"""`streamwatch silence`: nobody is called for an incident for a while."""

import json
import re
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say

UNITS = {"s": 1, "m": 60, "h": 3600}


def length(text: str) -> float:
    """Seconds of 90s, 30m or 2h."""
    found = re.fullmatch(r"(\d{1,5})([smh])", text.strip())
    if found is None:
        raise click.BadParameter(
            say(f"“{text}”不是时长，请写成 30m 或 2h", f"'{text}' is no length; write 30m or 2h")
        )
    return float(int(found[1]) * UNITS[found[2]])


@click.command("silence")
@click.argument("incident", type=int)
@click.option("--for", "for_", required=True, help="多久：30m、2h；P0 最长 2h。How long: 30m, 2h; a P0 2h at most.")
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--reason", default="", help="原因；P0 必须写。Why; needed for a P0.")
@config_option
@json_option
def command(incident: int, for_: str, by: str, reason: str, path: Path | None, as_json: bool) -> None:
    """Call nobody for an incident for a while. 静默事件：一段时间内不呼叫。

    It always ends; then whoever is on duty is called if it still fires. What is more urgent calls all the same.

    Example 例：streamwatch silence 12 --for 30m --by alice --reason '切换备用线路'
    """
    seconds = length(for_)
    _, api = open_api(path)
    body = {"seconds": seconds, "by": by, "reason": reason}
    answer = api.call("POST", f"/incidents/{incident}/silence", json=body)
    until = answer["silenced_until"][:16].replace("T", " ")
    said = say(f"事件 #{answer['id']} 静默到 {until}", f"incident #{answer['id']} is silenced until {until}")
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else said)
