"""`streamwatch report --list`: the reviews that the receiver wrote by itself."""

import json
from datetime import datetime

import click

from streamwatch.cli.api import Api
from streamwatch.config import Config
from streamwatch.language import Text, reader_language

NONE = Text(
    "还没有自动写的复盘：场次结束后几分钟内写好",
    "no review yet: each is written within minutes of its session's end",
)
MOST = 50


def tell_list(config: Config | None, api: Api, stream: str | None, *, as_json: bool) -> None:
    """The last first: when it ended, of what, and where its files lie on the receiver's machine."""
    params = {"limit": str(MOST)} | ({"stream": stream} if stream else {})
    found = api.call("GET", "/reviews", params=params)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    folder = config and config.file.keeps_reviews
    for each in found["reviews"]:
        ended = f"{datetime.fromisoformat(each['ended_at']):%Y-%m-%d %H:%M}"
        click.echo(f"{ended}  {each['stream']}  {each['session']}")
        for name in each["files"]:
            click.echo(f"    {folder / name if folder else name}")
    if not found["reviews"]:
        click.echo(NONE.read_in(reader_language()))
