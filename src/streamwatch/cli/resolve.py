"""`streamwatch resolve`: say that what a person reported is over."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, open_api
from streamwatch.language import Text, reader_language


@click.command("resolve")
@click.argument("incident", type=int)
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--note", default="", help="结果如何。How it ended.")
@config_option
@json_option
def command(incident: int, by: str, note: str, path: Path | None, as_json: bool) -> None:
    """End what a person reported; no probe will. 结束人工上报的事件。

    Exit 0 when the incident is over, 1 while a probe still sees something wrong.

    Example 例：streamwatch resolve 12 --by alice --note '人员安全'
    """
    _, api = open_api(path)
    answer = api.call("POST", f"/incidents/{incident}/resolve", json={"by": by, "note": note})
    over = answer["state"] == "resolved"
    said = (
        json.dumps(answer, ensure_ascii=False) if as_json else _words(answer, over=over).read_in(reader_language())
    )
    click.echo(said, err=not over and not as_json)
    sys.exit(0 if over else 1)


def _words(answer: dict[str, Any], *, over: bool) -> Text:
    if over:
        return Text(f"事件 #{answer['id']} 已结束", f"incident #{answer['id']} is over")
    still = " ".join(sorted({each["alertname"] for each in answer["alerts"] if each["status"] == "firing"}))
    return Text(
        f"事件 #{answer['id']} 还没结束，仍在告警：{still}",
        f"incident #{answer['id']} is not over; still firing: {still}",
    )
