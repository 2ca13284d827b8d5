"""`streamwatch audit`: who did what, when, and how that is known."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, moment, open_api, say
from streamwatch.language import reader_language
from streamwatch.vocabulary import ACTS


@click.command("audit")
@click.option("--since", type=moment, metavar="TIME", help="从何时起。First moment, in duty.yml's zone.")
@click.option("--until", type=moment, metavar="TIME", help="到何时止。Last moment.")
@click.option("--person", metavar="ID", help="谁。Who it was: a person, an account, a token's name.")
@click.option("--act", type=click.Choice(list(ACTS)), metavar="ACT", help=f"做了什么。What: {' '.join(ACTS)}.")
@click.option("--incident", type=click.IntRange(0), help="哪个事件。On which incident.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="最多几条，从最近的起。How many, the newest.",
)
@config_option
@json_option
def command(
    since: datetime | None,
    until: datetime | None,
    person: str | None,
    act: str | None,
    incident: int | None,
    limit: int,
    path: Path | None,
    as_json: bool,
) -> None:
    """Who did what, from where. Needs an admin's token. 审计日志：谁做了什么。

    Example 例：streamwatch audit --since 2026-11-22 --person alice
    """
    known, api = open_api(path)
    times = {"since": since, "until": until}
    asked: dict[str, Any] = {key: known.aware(at).isoformat() for key, at in times.items() if at}
    asked |= {"person": person, "act": act, "incident": incident, "limit": limit}
    found = api.call("GET", "/audit", params={key: value for key, value in asked.items() if value is not None})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in reversed(found["audit"]):
        click.echo(_line(row))
    if not found["audit"]:
        click.echo(say("没有记录", "nothing is on record"))


def _line(row: dict[str, Any]) -> str:
    language = reader_language()
    at = f"{datetime.fromisoformat(row['at']):%m-%d %H:%M:%S}"
    who = row["person_name"] or row["name"] or say("不知是谁", "somebody")
    known = " ".join(filter(None, (row[f"how_{language}"], row["name"] if row["name"] != row["person"] else "")))
    words = (at, who, row[f"act_{language}"], row["incident"] and f"#{row['incident']}", row["what"])
    return "  ".join(filter(None, (*words, f"({known}; {row['address']})")))
