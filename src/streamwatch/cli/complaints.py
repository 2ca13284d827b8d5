"""`streamwatch complaints`: the queue that customer service works off while the stream runs."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, open_api, say
from streamwatch.cli.two_languages import Commands
from streamwatch.language import Text, reader_language
from streamwatch.vocabulary import CATEGORIES, COMPLAINT_STATES, lasting
from streamwatch.vocabulary import say as word


@click.group("complaints", cls=Commands)
def command() -> None:
    """The queue of viewers' complaints: see, take, answer. 观众投诉队列：查看、接下、记录已回应。

    Example 例：streamwatch complaints list --state open
    """


@command.command("list")
@click.option("--stream", help="直播间。Of one stream.")
@click.option(
    "--state", default="", help=f"状态，逗号分隔。States, with commas between: {','.join(COMPLAINT_STATES)}."
)
@config_option
@json_option
def list_(stream: str | None, state: str, path: Path | None, as_json: bool) -> None:
    """What waits and what was answered, newest first. 列出投诉，新的在前。

    Example 例：streamwatch complaints list --stream demo --state open,taken
    """
    _, api = open_api(path)
    asked = {"stream": stream, "state": state}
    found = api.call("GET", "/complaints", params={key: value for key, value in asked.items() if value})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if found["now"] is None:
        click.echo(say(found["unknown_zh"], found["unknown"]), err=True)
    for each in found["complaints"]:
        click.echo(_line(each))
    if not found["complaints"]:
        click.echo(say("队列里没有投诉", "no complaint is in the queue"))


@command.command("take")
@click.argument("complaint", type=click.IntRange(0))
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@config_option
@json_option
def take(complaint: int, by: str, path: Path | None, as_json: bool) -> None:
    """Take a complaint: I answer it. 接下投诉：我来回应。

    Exit 0 when it is yours, 1 when somebody else has it.

    Example 例：streamwatch complaints take 3 --by bob
    """
    _, api = open_api(path)
    entry = api.call("POST", f"/complaints/{complaint}/take", json={"by": by})
    mine = entry["taken_by"] == entry["by"]
    if mine or as_json:
        _said(entry, as_json)
    else:
        click.echo(_whose(entry).read_in(reader_language()), err=True)
    sys.exit(0 if mine else 1)


@command.command("answer")
@click.argument("complaint", type=click.IntRange(0))
@click.option("--by", required=True, help="你的 id 或名字。Your id or name in duty.yml.")
@click.option("--note", default="", help="说了什么、转给了谁。What was said, who was told.")
@config_option
@json_option
def answer(complaint: int, by: str, note: str, path: Path | None, as_json: bool) -> None:
    """Say that viewers were answered. 记录：已回应观众。

    Said again with another note, that is added; who answered, and when, stays. 已回应的可以再补记一句。

    Example 例：streamwatch complaints answer 3 --by bob --note '已公开回应，转技术'
    """
    _, api = open_api(path)
    _said(api.call("POST", f"/complaints/{complaint}/answer", json={"by": by, "note": note}), as_json)


def _whose(entry: dict[str, Any]) -> Text:
    at = f"{datetime.fromisoformat(entry['taken_at']):%H:%M:%S}"
    return Text(
        f"没有改变：投诉 #{entry['id']} 已由 {entry['taken_by_name']} 在 {at} 接下",
        f"nothing changed: complaint #{entry['id']} is taken by {entry['taken_by_name']} since {at}",
    )


def _said(entry: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry))


def _line(entry: dict[str, Any]) -> str:
    language = reader_language()
    who = entry["answered_by_name"] or entry["taken_by_name"] or ""
    waited = lasting(entry["seconds_waited"]).read_in(language)
    many = Text(f"{entry['users']} 人", f"{entry['users']} people").read_in(language) if entry["users"] else ""
    words = (
        f"#{entry['id']}",
        word(COMPLAINT_STATES, entry["state"]).read_in(language),
        entry["stream"],
        word(CATEGORIES, entry["category"]).read_in(language),
        many,
        say(f"等了 {waited}", f"waited {waited}"),
        who,
        entry["note"],
    )
    return "  ".join(filter(None, words))
