"""`streamwatch session`: a session begins earlier, or ends later, than planned."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.cells import cell_len

from streamwatch.cli.api import config_option, json_option, moment, open_api
from streamwatch.cli.two_languages import Commands
from streamwatch.language import Language, Text, reader_language
from streamwatch.message import clean
from streamwatch.vocabulary import PHASES, say

at_option = click.option("--at", type=moment, metavar="TIME", help="时刻；默认现在。Default: now.")
by_option = click.option("--by", help="谁说的，id 或名字。Who says so, by id or name.")


@click.group("session", cls=Commands)
def command() -> None:
    """Say when a session really began or ended. 记录场次实际开播和结束。

    Example 例：streamwatch session start 1122-A
    """


@command.command("start")
@click.argument("session")
@at_option
@by_option
@config_option
@json_option
def start(session: str, at: datetime | None, by: str | None, path: Path | None, as_json: bool) -> None:
    """It is on air from now on, or since TIME. 已开播。

    Example 例：streamwatch session start 1122-A --by alice
    """
    _say("start", session, at, by, path, as_json)


@command.command("end")
@click.argument("session")
@at_option
@by_option
@config_option
@json_option
def end(session: str, at: datetime | None, by: str | None, path: Path | None, as_json: bool) -> None:
    """It is over; a TIME ahead makes it longer than planned. 已结束；写将来的时间则延长。

    Example 例：streamwatch session end 1122-A --at '2026-11-23 00:30'
    """
    _say("end", session, at, by, path, as_json)


@command.command("list")
@click.option("--stream", help="直播间。Of one stream only.")
@config_option
@json_option
def listed(stream: str | None, path: Path | None, as_json: bool) -> None:
    """Sessions of yesterday and ahead. 昨天以来的场次。

    Example 例：streamwatch session list
    """
    _, api = open_api(path)
    found = api.call("GET", "/sessions", params={"stream": stream} if stream else {})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found["sessions"]:
        click.echo(_line(each).read_in(reader_language()))


@command.command("rundown")
@click.argument("session")
@config_option
@json_option
def rundown(session: str, path: Path | None, as_json: bool) -> None:
    """What is shown when, and what is on now. 流程表，标出现在这一段。

    Example 例：streamwatch session rundown 1122-A
    """
    _, api = open_api(path)
    found = api.call("GET", f"/sessions/{quote(session, safe='')}/rundown")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in rundown_lines(found, reader_language()):
        click.echo(line)


def rundown_lines(found: dict[str, Any], language: Language) -> Iterator[str]:
    """One a segment; the one that is on has the word for it, for a terminal without colours."""
    yield f"{found['session']}  {found['stream']}  {clean(found['title'])}".rstrip()
    if not found["rundown"]:
        yield Text("没有流程表：在场次里写 rundown", "no rundown; write one as rundown of the session").read_in(
            language
        )
    here = Text("现在", "now").read_in(language)
    blank = " " * cell_len(here)
    for each in found["rundown"]:
        who = each["who_name_zh" if language == "zh" else "who_name"]
        length = (
            Text(f"{each['minutes']} 分钟", f"{each['minutes']} min").read_in(language) if each["minutes"] else ""
        )
        tail = " · ".join(filter(None, (clean(each["what"]), length, who)))
        mark = here if each["segment"] == found["now"] else blank
        yield f"{mark} {each['segment']:>3}  {each['at'][11:16]}–{each['until'][11:16]}  {tail}"


def _say(act: str, session: str, at: datetime | None, by: str | None, path: Path | None, as_json: bool) -> None:
    known, api = open_api(path)
    body: dict[str, Any] = {"by": by} if by else {}
    if at:
        body["at"] = known.aware(at).isoformat()
    answer = api.call("POST", f"/sessions/{quote(session, safe='')}/{act}", json=body)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    unchanged = Text("没有改变：", "nothing changed: ") if not answer["changed"] else Text("", "")
    line = _line(answer)
    click.echo(Text(unchanged.zh + line.zh, unchanged.en + line.en).read_in(reader_language()))


def _line(session: dict[str, Any]) -> Text:
    phase = say(PHASES, session["phase"])
    begins, ends = (_clock(session[actual] or session[planned]) for actual, planned in _TIMES)
    head = f"{session['id']}  {session['stream']}  {begins} – {ends}  "
    where = [session[key] for key in ("platform", "room", "site") if session[key]]
    tail = f"  {clean(' · '.join(where))}" if where else ""
    return Text(head + phase.zh + tail, head + phase.en + tail)


_TIMES = (("started", "start"), ("ended", "end"))


def _clock(at: str) -> str:
    return f"{datetime.fromisoformat(at):%m-%d %H:%M}"
