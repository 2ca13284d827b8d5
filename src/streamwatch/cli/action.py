"""`streamwatch action`: what a review agreed on, who does it, until when."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, day, json_option, open_api, say
from streamwatch.cli.two_languages import Commands
from streamwatch.language import Text, reader_language

by_option = click.option("--by", help="谁说的，id 或名字。Who says so, by id or name.")


@click.group("action", cls=Commands)
def command() -> None:
    """Action items: who does what until when. 改进项：谁、做什么、到哪天。

    Example 例：streamwatch action add '换备用麦克风' --owner alice --due 2026-12-05 --session 1122-A
    """


@command.command("add")
@click.argument("text")
@click.option("--owner", required=True, help="负责人，id 或名字。Who does it.")
@click.option("--due", type=day, metavar="DATE", required=True, help="期限。Until when.")
@click.option("--session", metavar="ID", help="来自哪个场次。The session it came of.")
@click.option("--incident", type=click.IntRange(min=0), metavar="N", help="来自哪个事件。The incident it came of.")
@by_option
@config_option
@json_option
def add(
    text: str,
    owner: str,
    due: date,
    session: str | None,
    incident: int | None,
    by: str | None,
    path: Path | None,
    as_json: bool,
) -> None:
    """Keep one. Open ones are told at every hand-over and in the next reviews. 新增改进项。

    Example 例：streamwatch action add 'Spare microphone' --owner alice --due 2026-12-05 --incident 12
    """
    if not text.strip():
        raise click.BadParameter(say("请写要做什么", "write what is to be done"), param_hint="TEXT")
    body = {
        "text": text,
        "owner": owner,
        "due": due.isoformat(),
        "session": session,
        "incident": incident,
        "by": by,
    }
    _, api = open_api(path)
    _tell(api.call("POST", "/actions", json=body), as_json)


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="包括已完成的。Those that are done too.")
@click.option("--stream", metavar="ID", help="直播间。Of one stream.")
@click.option("--owner", help="负责人。Of one person.")
@config_option
@json_option
def listed(everything: bool, stream: str | None, owner: str | None, path: Path | None, as_json: bool) -> None:
    """Open ones, by the day they are due. 未完成的改进项，按期限。

    Example 例：streamwatch action list --owner alice
    """
    _, api = open_api(path)
    wanted = {"state": "all" if everything else "open", "stream": stream, "owner": owner}
    found = api.call("GET", "/actions", params={key: value for key, value in wanted.items() if value})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found["actions"]:
        click.echo(line(each).read_in(reader_language()))
    if not found["actions"]:
        click.echo(say("没有未完成的改进项", "no action item is open"))


@command.command("done")
@click.argument("action", type=click.IntRange(min=0))
@by_option
@config_option
@json_option
def done(action: int, by: str | None, path: Path | None, as_json: bool) -> None:
    """It is done. 已完成。

    Example 例：streamwatch action done 3 --by alice
    """
    _, api = open_api(path)
    _tell(api.call("POST", f"/actions/{action}/done", json={"by": by}), as_json)


def line(action: dict[str, Any]) -> Text:
    """One item in one line."""
    state = Text("已完成", "done") if action["done_at"] else Text("逾期", "overdue") if action["overdue"] else None
    whence = action["session"] or (action["incident"] and f"#{action['incident']}") or ""
    parts = [f"{action['id']:>3}", action["due"], action["owner_name"], action["text"], whence]
    return Text(
        "  ".join(filter(None, [*parts, state and state.zh])), "  ".join(filter(None, [*parts, state and state.en]))
    )


def _tell(action: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(action, ensure_ascii=False) if as_json else line(action).read_in(reader_language()))
