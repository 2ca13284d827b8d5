"""`streamwatch who`: who is called for which role, and why. By duty.yml, and what the receiver was told since."""

import json
from datetime import datetime
from pathlib import Path

import click
from rich.cells import cell_len

from streamwatch.cli.api import config_option, config_path, json_option, moment
from streamwatch.cli.live import live_book
from streamwatch.clock import utc_now
from streamwatch.config import load
from streamwatch.duty import ROLES, Duty, DutyBook, who
from streamwatch.language import Language, Text, reader_language
from streamwatch.vocabulary import ROLES as ROLE_WORDS
from streamwatch.vocabulary import in_names, say


@click.command("who")
@config_option
@click.option(
    "--at", type=moment, metavar="TIME", help="时刻，按配置的时区；默认现在。A moment in duty.yml's zone."
)
@click.option("--stream", default="", help="直播间。The stream, whose session may have its own list.")
@click.option("--role", type=click.Choice(ROLES), help="岗位。One role only.")
@click.option("--why", is_flag=True, help="也说为什么不是别人。Also why others are not called.")
@click.option("--severity", type=click.Choice(("P0", "P1", "P2", "P3")), help="级别；P0 不看静默时段。")
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

    Example 例：streamwatch who --stream demo --at '2026-11-22 20:00' --role tech
    """
    config = load(config_path(path))
    when = config.file.aware(at) if at else utc_now().astimezone(config.zone)
    book = live_book(config)
    _warn_of_stranger(book, stream)
    roles = [role] if role else [each for each in ROLES if each != "host"]
    answers = [(each, who(book, each, stream, when, severity)) for each in roles]
    if as_json:
        duty = [_as_json(book, each, answer) for each, answer in answers]
        click.echo(json.dumps({"at": when.isoformat(), "stream": stream, "duty": duty}, ensure_ascii=False))
        return
    language = reader_language()
    for each, answer in answers:
        columns = _columns(book, answer, language)
        click.echo(_padded(say(ROLE_WORDS, each).read_in(language), 12) + columns)
        for passed in answer.passed_over if why else ():
            not_called = Text("未呼叫 {name}：{why}", "{name} is not called: {why}")
            text = not_called.format(name=book.name(passed.person), why=passed.text.read_in(language))
            click.echo(" " * 12 + text.read_in(language))


def _columns(book: DutyBook, answer: Duty, language: Language) -> str:
    between = "、" if language == "zh" else ", "
    called, backup = (between.join(_names(book, each)) for each in (answer.call, answer.backup))
    after = Text("（后备 {names}）", " (then {names})").format(names=backup).read_in(language) if backup else ""
    return _padded((called or "—") + after, 36) + in_names(answer.reason).read_in(language)


def _names(book: DutyBook, people: tuple[str, ...]) -> list[str]:
    return [book.people[person].name for person in people]


def _padded(text: str, width: int) -> str:
    """Chinese characters are two columns wide."""
    return text + " " * max(2, width - cell_len(text))


def _as_json(book: DutyBook, role: str, answer: Duty) -> dict[str, object]:
    return {
        "role": role, "people": list(answer.call), "names": _names(book, answer.call),
        "backup": list(answer.backup), "backup_names": _names(book, answer.backup), "source": answer.source,
        "reason": in_names(answer.reason).en, "reason_zh": in_names(answer.reason).zh,
        "passed_over": [
            {"person": each.person, "name": book.name(each.person), "why": each.text.en, "why_zh": each.text.zh}
            for each in answer.passed_over
        ],
    }  # fmt: skip


def _warn_of_stranger(book: DutyBook, stream: str) -> None:
    """A misspelt stream would be answered with the default list, and look right."""
    known = sorted({session.stream for session in book.sessions})
    if stream and known and stream not in known:
        words = Text(
            "注意：没有场次属于直播间“{stream}”，场次里有：{known}",
            "careful: no session is of stream '{stream}'; sessions are of: {known}",
        )
        click.echo(words.format(stream=stream, known=" ".join(known)).read_in(reader_language()), err=True)
