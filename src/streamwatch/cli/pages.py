"""`streamwatch pages`: what could not be delivered, and to try it again."""

import json
from datetime import datetime
from pathlib import Path

import click

from streamwatch.cli.api import config_option, json_option, open_api, say
from streamwatch.cli.two_languages import Commands


@click.group("pages", cls=Commands)
def command() -> None:
    """Pages that nobody could be told; try them again. 无法送达的呼叫：查看、重新发送。

    Example 例：streamwatch pages dead
    """


@command.command("dead")
@config_option
@json_option
def dead(path: Path | None, as_json: bool) -> None:
    """List them, newest first. 列出无法送达的呼叫。

    Exit 0 when there is none, 1 when there are some.
    """
    _, api = open_api(path)
    pages = api.call("GET", "/dead-pages")["pages"]
    if as_json:
        click.echo(json.dumps({"pages": pages}, ensure_ascii=False))
    elif not pages:
        click.echo(say("没有无法送达的呼叫", "there are no dead pages"))
    for page in [] if as_json else pages:
        at = f"{datetime.fromisoformat(page['created_at']):%m-%d %H:%M:%S}"
        what = f"{page['severity']}  #{page['incident']}  {page['person_name']}  {page['error']}"
        click.echo(f"{page['id']:>6}  {at}  {what}")
    raise SystemExit(1 if pages else 0)


@command.command("replay")
@click.argument("page", type=int, required=False)
@config_option
@json_option
def replay(page: int | None, path: Path | None, as_json: bool) -> None:
    """Try all of them again, or PAGE alone. 全部重新发送，或只发一条。

    Example 例：streamwatch pages replay
    """
    _, api = open_api(path)
    answer = api.call("POST", "/dead-pages/replay", json={"page": page})
    if as_json:
        click.echo(json.dumps(answer))
    else:
        count = answer["replayed"]
        click.echo(say(f"重新发送 {count} 条呼叫", f"{count} pages are sent once more"))
