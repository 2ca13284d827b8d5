"""`streamwatch who`: who is called for which role, and why. By duty.yml, and what the receiver was told since."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len

from streamwatch.cli.api import Api, config_option, config_path, json_option, moment, open_reach
from streamwatch.cli.live import live_book
from streamwatch.cli.strangers import warn_of_stranger
from streamwatch.clock import utc_now
from streamwatch.duty import ROLES, DutyBook, own_duty, who
from streamwatch.duty_document import own_document, role_document
from streamwatch.language import Language, Text, reader_language
from streamwatch.vocabulary import PHASES, say
from streamwatch.vocabulary import ROLES as ROLE_WORDS


@click.command("who")
@config_option
@click.option(
    "--at", type=moment, metavar="TIME", help="时刻，按配置的时区；默认现在。A moment in duty.yml's zone."
)
@click.option("--stream", default="", help="直播间。The stream, whose session may have its own list.")
@click.option("--role", type=click.Choice(ROLES), help="岗位。One role only.")
@click.option("--why", is_flag=True, help="也说为什么不是别人。Also why others are not called.")
@click.option(
    "--severity",
    type=click.Choice(("P0", "P1", "P2", "P3")),
    help="级别；P0 不看静默时段。How urgent; P0 ignores quiet hours.",
)
@json_option
def command(
    path: Path | None,
    at: datetime | None,
    stream: str,
    role: str | None,
    why: bool,
    severity: str | None,
    as_json: bool,
) -> None:
    """Show who is on duty, and why. 查看谁在值班。

    Without --stream also each stream where others are, as by the list of its session.
    不写 --stream 时，也列出另有值班表的直播间（如正在进行的场次）。

    Example 例：streamwatch who --stream demo --at '2026-11-22 20:00' --role tech
    """
    known = open_reach(path)
    roles = [role] if role else [each for each in ROLES if each != "host"]
    when = known.aware(at) if at else utc_now().astimezone(known.zone)
    if known.config is None:
        told = _asked(Api(known), when, stream, role)
    else:
        book = live_book(known.config)
        warn_of_stranger(book, config_path(path), stream)
        told = _found(book, when, stream, roles, severity)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    language = reader_language()
    for line in _lines(told["duty"], language, why=why):
        click.echo(line)
    for each in told["streams"]:
        click.echo("\n" + _heading(each).read_in(language))
        for line in _lines(each["duty"], language, why=why):
            click.echo(line)


def _found(book: DutyBook, at: datetime, stream: str, roles: Sequence[str], severity: str | None) -> dict[str, Any]:
    """Without *stream* also those that have others on duty than the rest: a session with its own list."""
    own = () if stream else own_duty(book, roles, at, severity)
    return {
        "at": at.isoformat(),
        "stream": stream,
        "duty": [role_document(book, each, who(book, each, stream, at, severity)) for each in roles],
        "streams": [own_document(book, each, at) for each in own],
    }


def _asked(api: Api, at: datetime, stream: str, role: str | None) -> dict[str, Any]:
    """By what the receiver read before duty.yml had mistakes."""
    asked = {"at": at.isoformat(), "stream": stream} | ({"role": role} if role else {})
    told = api.call("GET", "/duty", params=asked)
    return {"at": told["at"], "stream": stream, "duty": told["duty"], "streams": told["streams"]}


def _heading(own: dict[str, Any]) -> Text:
    if own["session"] is None:
        return Text(f"直播间 {own['stream']}", f"stream {own['stream']}")
    phase = say(PHASES, own["phase"])
    return Text(
        f"直播间 {own['stream']} · 场次 {own['session']} · {phase.zh}",
        f"stream {own['stream']} · session {own['session']} · {phase.en}",
    )


def _lines(duty: Sequence[dict[str, Any]], language: Language, *, why: bool) -> Iterator[str]:
    for each in duty:
        yield _padded(say(ROLE_WORDS, each["role"]).read_in(language), 12) + _columns(each, language)
        for passed in each["passed_over"] if why else ():
            because = passed["why_zh" if language == "zh" else "why"]
            not_called = Text("未呼叫 {name}：{why}", "{name} is not called: {why}")
            yield " " * 12 + not_called.format(name=passed["name"], why=because).read_in(language)


def _columns(line: dict[str, Any], language: Language) -> str:
    between = "、" if language == "zh" else ", "
    called, backup = (between.join(line[key]) for key in ("names", "backup_names"))
    after = Text("（后备 {names}）", " (then {names})").format(names=backup).read_in(language) if backup else ""
    return _padded((called or "—") + after, 36) + str(line["reason_zh" if language == "zh" else "reason"])


def _padded(text: str, width: int) -> str:
    """Chinese characters are two columns wide."""
    return text + " " * max(2, width - cell_len(text))
