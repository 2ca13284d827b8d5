"""`streamwatch drill due`: which drills the calendar of duty.yml asks for, and when."""

import json
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api
from streamwatch.language import Text, reader_language

UNPLANNED = Text(
    "duty.yml 还没有演练计划；建议写：drills: [{fault: power, every: 26w}, {fault: fire, every: 26w}]"
    "（26w 是 26 周）",
    "duty.yml plans no drills yet; suggested is: drills: [{fault: power, every: 26w}, {fault: fire, every: 26w}] "
    "(26w: 26 weeks)",
)


@click.command("due")
@config_option
@json_option
def due(path: Path | None, as_json: bool) -> None:
    """Which drills are due by `drills:` of duty.yml, and which come next. 哪些演练到期，下次是什么时候。

    Example 例：streamwatch drill due
    """
    _, api = open_api(path)
    found = api.call("GET", "/drills/due")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    language = reader_language()
    if found["suggested"]:
        click.echo(UNPLANNED.read_in(language))
    for each in found["due"]:
        mark = "! " if each["overdue"] else "  "
        click.echo(mark + Text(each["text_zh"], each["text"]).read_in(language) + f"  {each['command']}")
