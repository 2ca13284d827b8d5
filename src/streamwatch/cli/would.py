"""`streamwatch would`: whom an alert would call, by which contact, and who comes next. It sends nothing."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, cast

import click
import yaml
from rich.cells import cell_len

from streamwatch.alert import Alert, Severity
from streamwatch.cli.api import config_option, config_path, json_option, moment
from streamwatch.cli.live import live_book
from streamwatch.cli.strangers import warn_of_stranger
from streamwatch.clock import utc_now
from streamwatch.config import Config, load
from streamwatch.config.adopted import held_back
from streamwatch.delivering import rounds
from streamwatch.duty import DutyBook
from streamwatch.errors import CommandFailed
from streamwatch.incidents import routing
from streamwatch.incidents.foreseeing import Foreseen, Trouble, foresee
from streamwatch.language import Language, Text, reader_language
from streamwatch.rules.gathering import is_test
from streamwatch.rules.written import Source, read_rules
from streamwatch.vocabulary import HOPS, PROCEDURES, ROLES, in_names, say

NOT_SENT = Text("只记录，不发出", "recorded, not sent")
AGAIN = Text(
    "此后每 {seconds} 秒再呼叫一遍，直到有人认领", "then all again every {seconds} s until somebody takes it"
)
AS_FULL = Text(
    "级别按完整级别算；开播前后、排练和观众很少时会降低：见 docs/design.md",
    "severity in full; before and after the show, in rehearsals and with few viewers it is lower: docs/design.md",
)


class _Answer(NamedTuple):
    trouble: Trouble
    hop: str
    at: datetime
    calls: list[Foreseen]
    goes_at: datetime  # the first of them: notes wait for their round


@click.command("would")
@click.option(
    "--alert", "name", required=True, metavar="NAME", help="规则里的告警名。The alert, as rules.yml has it."
)
@click.option("--stream", default="", help="直播间。The stream.")
@click.option(
    "--at", type=moment, metavar="TIME", help="时刻，按配置的时区；默认现在。A moment in duty.yml's zone."
)
@click.option(
    "--severity",
    type=click.Choice(("P0", "P1", "P2", "P3")),
    help="级别；默认规则里的完整级别。How urgent; default: the rule's, in full.",
)
@config_option
@json_option
def command(
    name: str, stream: str, at: datetime | None, severity: Severity | None, path: Path | None, as_json: bool
) -> None:
    """Show whom an alert would call; send nothing. 查看某条告警会呼叫谁，不发送。

    Example 例：streamwatch would --alert EncoderStopped --stream demo --at '2026-11-22 20:00'
    """
    config = load(config_path(path))
    labels, book = _labels(config.file.alert_rules, name), live_book(config)
    warn_of_stranger(book, config_path(path), stream)
    when = config.file.aware(at) if at else utc_now().astimezone(config.zone)
    answer = _foresee(config, book, labels, stream, severity or _in_full(labels), when)
    if as_json:
        click.echo(json.dumps(_as_json(config, book, name, answer), ensure_ascii=False))
    else:
        _show(config, book, name, answer, reader_language())


def _labels(folder: Path, name: str) -> Mapping[str, str]:
    """Of the rule called *name*; the most urgent where several are."""
    known: dict[str, list[dict[str, str]]] = {}
    for file in sorted(folder.glob("*/*.yml")):
        try:
            rules = [] if is_test(file) else read_rules(Source(file.name, file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # `streamwatch rules test` says what is wrong with it
        for rule in rules:
            if rule.kind == "alert":
                labels = {key: value.text for key, value in rule.named("labels").items()}
                known.setdefault(rule.name, []).append(
                    {"alertname": rule.name, "procedure": file.parent.name} | labels
                )
    if name not in known:
        near = get_close_matches(name, known, 3, 0.5)
        meant = (
            Text(f"；你是说 {'、'.join(near)} 吗？", f"; did you mean {', '.join(near)}?") if near else Text("", "")
        )
        raise CommandFailed(Text(f"没有规则叫“{name}”{meant.zh}", f"no rule has the alert '{name}'{meant.en}"))
    return min(known[name], key=_in_full)


def _in_full(labels: Mapping[str, str]) -> Severity:
    """A severity that depends on the show is a template that ends in the full one."""
    found = re.findall(r"P[0-3]", labels.get("severity", ""))
    return cast("Severity", found[-1]) if found else "P1"


def _foresee(
    config: Config, book: DutyBook, labels: Mapping[str, str], stream: str, severity: Severity, at: datetime
) -> _Answer:
    role = routing.route(Alert(labels, {}, "firing", at, None, ""), book.fallback_role).role
    trouble = Trouble(labels["procedure"], role, stream, severity)
    calls = list(foresee(trouble, book, config.file.policy, config.file.adopted, at))
    goes_at = rounds.due(severity, at, config.file.delivery.notes_at, config.zone).astimezone(config.zone)
    return _Answer(trouble, labels.get("hop", ""), at, calls, goes_at)


def _show(config: Config, book: DutyBook, name: str, answer: _Answer, language: Language) -> None:
    procedure, role, stream, severity = answer.trouble
    words = (say(PROCEDURES, procedure), say(HOPS, answer.hop), say(ROLES, role))
    head = " · ".join(each.read_in(language) for each in words)
    click.echo(f"{severity} {name} {stream}".rstrip() + f"  {answer.at:%Y-%m-%d %H:%M}  {head}")
    for each in held_back(config.file.adopted):
        click.echo(each.read_in(language), err=True)
    for call in answer.calls:
        seconds = int(call.after.total_seconds())
        after = f"+{seconds} s" if seconds else f"{answer.goes_at:%H:%M}"
        columns = ((after, 8), (book.name(call.person), 16), (" → ".join(call.channels) or "—", 28))
        line = "".join(text + " " * max(2, width - cell_len(text)) for text, width in columns)
        mark = "" if call.sent else f"（{NOT_SENT.zh}）" if language == "zh" else f" ({NOT_SENT.en})"
        click.echo(f"  {line}{in_names(call.why).read_in(language)}{mark}")
    every = config.file.delivery.reminders.get(severity)
    if every and any(call.sent and call.after for call in answer.calls):
        click.echo("  " + AGAIN.format(seconds=int(every.total_seconds())).read_in(language))
    click.echo(AS_FULL.read_in(language))


def _as_json(config: Config, book: DutyBook, name: str, answer: _Answer) -> dict[str, object]:
    adoption = config.file.adopted.of(answer.trouble.procedure)
    calls = [
        {
            "after": call.after.total_seconds(),
            "at": ((answer.at if call.after else answer.goes_at) + call.after).isoformat(),
            "whom": call.whom,
            "person": call.person,
            "name": book.name(call.person),
            "channels": call.channels,
            "sent": call.sent,
            "why": in_names(call.why).en,
            "why_zh": in_names(call.why).zh,
        }
        for call in answer.calls
    ]
    every = config.file.delivery.reminders.get(answer.trouble.severity, timedelta(0))
    again = every.total_seconds() or None
    heading = {"alert": name, "at": answer.at.isoformat(), "hop": answer.hop, "adoption": adoption}
    return {**heading, **answer.trouble._asdict(), "calls": calls, "again_every": again}
