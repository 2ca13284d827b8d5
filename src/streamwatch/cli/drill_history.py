"""`streamwatch drill history`: the drills that were, and what came of each."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import config_option, json_option, open_api
from streamwatch.language import Text, reader_language


@click.command("history")
@click.option("--fault", help="只看这一种。Of one fault only.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="最多几条。At most so many."
)
@config_option
@json_option
def history(fault: str | None, limit: int, path: Path | None, as_json: bool) -> None:
    """Drills that were, newest first: when, which, who was called, after how long, what was wrong. 以往演练的结果。

    Example 例：streamwatch drill history --fault encoder_crash
    """
    _, api = open_api(path)
    params = {"limit": str(limit)} | ({"fault": fault} if fault else {})
    found = api.call("GET", "/drills", params=params)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found["drills"]:
        click.echo(line(each).read_in(reader_language()))
    if not found["drills"]:
        click.echo(NONE.read_in(reader_language()))


NONE = Text(
    "还没有演练过；试试 streamwatch drill encoder_crash", "no drill yet; try streamwatch drill encoder_crash"
)


def line(drill: dict[str, Any]) -> Text:
    """One drill in one line."""
    at = f"{datetime.fromisoformat(drill['started_at']):%Y-%m-%d %H:%M}"
    head = f"{at}  {drill['fault']:21}{drill['stream']:22}"
    if drill["right"] is None:
        return Text(f"{head}没有结果（中断，或还在进行）", f"{head}no result: it was broken off, or runs")
    who, s = drill["person_name"] or "—", "—" if drill["seconds"] is None else f"{drill['seconds']:.1f} s"
    zh, en = "；".join(drill["wrong_zh"]), "; ".join(drill["wrong"])
    return Text(
        f"{head}{s:>8}  {who}  {f'不对：{zh}' if zh else '通过'}",
        f"{head}{s:>8}  {who}  {f'wrong: {en}' if en else 'passed'}",
    )
