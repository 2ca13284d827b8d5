"""`streamwatch duty`: what comes, who takes over, and changes of it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from streamwatch.access.duty_links import EVERYBODY, DutyLinks
from streamwatch.cli import duty_changes, duty_import
from streamwatch.cli.action import line as action_line
from streamwatch.cli.api import config_option, config_path, json_option, open_api
from streamwatch.cli.live import live_book
from streamwatch.cli.two_languages import Commands
from streamwatch.clock import utc_now
from streamwatch.config import Config, load
from streamwatch.duty import ROLES, Shift, gaps, held_roles, shifts, streams
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.vocabulary import ROLES as ROLE_WORDS
from streamwatch.vocabulary import in_names, say


@click.group("duty", cls=Commands)
def command() -> None:
    """Preview, change and hand over duty. 查看、调整、交接值班。

    Example 例：streamwatch duty preview
    """


for each in (duty_import.command, duty_changes.override, duty_changes.swap, duty_changes.withdraw):
    command.add_command(each)


@command.command("preview")
@config_option
@click.option("--days", type=click.IntRange(1, 400), default=14, show_default=True, help="天数。How far to look.")
@click.option("--stream", help="直播间。One stream only.")
@click.option("--role", type=click.Choice([each for each in ROLES if each != "host"]), help="岗位。One role only.")
@json_option
def preview(path: Path | None, days: int, stream: str | None, role: str | None, as_json: bool) -> None:
    """Every shift that comes, and the gaps. 未来的班次与空档。

    Exit 1 when there are gaps.

    Example 例：streamwatch duty preview --days 7 --role tech
    """
    config = load(config_path(path))
    book, now = live_book(config), utc_now()
    end = now + timedelta(days=days)
    rooms = streams(book) if stream is None else [stream]
    roles = [role] if role else held_roles(book)
    found = [shift for each in roles for room in rooms for shift in shifts(book, each, room, now, end)]
    empty = [gap for gap in gaps(book, now, end) if gap.role in roles and gap.stream in rooms]
    if as_json:
        shown = {"shifts": list(map(_as_json(config), found)), "gaps": list(map(_as_json(config), empty))}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        _print(config, found, empty, rooms)
    click.get_current_context().exit(1 if empty else 0)


@command.command("handover")
@config_option
@click.option("--person", help="接班人，打印其接手链接。Whose card to link to.")
@json_option
def handover(path: Path | None, person: str | None, as_json: bool) -> None:
    """What is open at the start of a shift. 交接班：未恢复的事件。

    Example 例：streamwatch duty handover --person bob
    """
    _, api = open_api(path)
    card = api.call("GET", "/duty/handover", params={"person": person} if person else {})
    if as_json:
        click.echo(json.dumps(card, ensure_ascii=False))
        return
    language = reader_language()
    for change in card["handovers"]:
        leaving, coming = ("、".join(change[key]) for key in ("leaving_names", "coming_names"))
        role = say(ROLE_WORDS, change["role"]).read_in(language)
        click.echo(f"{_clock(change['since'])}  {role} {change['stream']}  {leaving} → {coming}")
    for incident in card["incidents"]:
        has = incident["acknowledged_by_name"] or Text("未认领", "nobody has it").read_in(language)
        summary = incident["summary_zh"] if language == "zh" else incident["summary_en"]
        click.echo(f"#{incident['id']} {incident['severity']} {incident['stream']} {summary}  {has}")
    if not card["incidents"]:
        click.echo(Text("没有未恢复的事件", "no incident is open").read_in(language))
    for action in card["actions"]:
        click.echo(action_line(action).read_in(language))
    if "link" in card:
        click.echo(card["link"])


@command.command("calendar")
@config_option
@click.option("--person", help="只看此人。Of one person only.")
@json_option
def calendar(path: Path | None, person: str | None, as_json: bool) -> None:
    """A link to which the calendar of a phone subscribes. 手机日历订阅链接。

    Example 例：streamwatch duty calendar --person alice
    """
    config = load(config_path(path))
    if person is not None and person not in config.book.people:
        known = " ".join(config.book.people)
        raise CommandFailed(
            (f"没有人的 id 是“{person}”；有：{known}", f"nobody has the id '{person}'; people: {known}")
        )
    links = DutyLinks(str(config.file.public_url), config.link_key.get_secret_value())
    link = links.calendar(person or EVERYBODY)
    click.echo(json.dumps({"person": person, "link": link}, ensure_ascii=False) if as_json else link)


def _print(config: Config, found: list[Shift], empty: list[Shift], rooms: list[str]) -> None:
    language = reader_language()
    for shift in found:
        if shift.stream and not _differs(shift, found):
            continue
        role = say(ROLE_WORDS, shift.role).read_in(language)
        people = "、".join(config.book.name(each) for each in shift.duty.call)
        if shift.is_gap:
            people = Text("无人值班", "nobody").read_in(language)
        room = f" {shift.stream}" if shift.stream else ""
        why = in_names(shift.duty.reason).read_in(language)
        click.echo(f"{_span(config, shift)}  {role}{room}  {people}  {why}")
    count = Text("{n} 处空档", "{n} gaps").format(n=len(empty)).read_in(language)
    click.echo(count if empty else Text("没有空档", "no gaps").read_in(language), err=bool(empty))


def _differs(shift: Shift, found: list[Shift]) -> bool:
    """What a stream has in common with all others is not told again."""
    return not any(
        other.role == shift.role
        and not other.stream
        and other.duty == shift.duty
        and other.start <= shift.start
        and shift.end <= other.end
        for other in found
    )


def _span(config: Config, shift: Shift) -> str:
    return " – ".join(f"{at.astimezone(config.zone):%m-%d %H:%M}" for at in (shift.start, shift.end))


def _as_json(config: Config) -> Callable[[Shift], dict[str, Any]]:
    def shown(shift: Shift) -> dict[str, Any]:
        return {
            "role": shift.role,
            "stream": shift.stream,
            "from": shift.start.astimezone(config.zone).isoformat(),
            "to": shift.end.astimezone(config.zone).isoformat(),
            "people": list(shift.duty.call),
            "backup": list(shift.duty.backup),
            "source": shift.duty.source,
            "gap": shift.is_gap,
            "reason": shift.duty.reason.en,
            "reason_zh": shift.duty.reason.zh,
        }

    return shown


def _clock(at: str) -> str:
    return f"{datetime.fromisoformat(at):%m-%d %H:%M}"
