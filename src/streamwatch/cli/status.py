"""`streamwatch status`: what runs here, and how it is."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import httpx
from rich.console import Console
from rich.table import Table

from streamwatch.cli.api import json_option
from streamwatch.cli.up import home_option, state_option
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.stack.control import connected
from streamwatch.stack.places import Places, find_places
from streamwatch.stack.readiness import Questions, passes
from streamwatch.vocabulary import lasting

FINE, BAD = Text("正常", "ok"), Text("故障", "bad")


@click.command("status")
@home_option
@state_option
@json_option
def command(home: Path | None, state: Path | None, as_json: bool) -> None:
    """Show what runs and whether it works. 查看运行状态。

    Exit 0 when all is well, 1 when not or when nothing runs.

    Example 例：streamwatch status --json
    """
    try:
        found = asyncio.run(_ask(find_places(home, state)))
    except CommandFailed as error:
        if not as_json:
            raise
        zh, en = error.words
        click.echo(json.dumps({"running": False, "well": False, "error": en, "error_zh": zh}, ensure_ascii=False))
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        Console().print(_table(found), highlight=False)
        for channel in found["channels"]:
            click.echo(_how(channel).read_in(reader_language()))
        for warning in found["warnings_zh" if reader_language() == "zh" else "warnings"]:
            click.echo(warning)
    sys.exit(0 if found["well"] else 1)


async def _ask(places: Places) -> dict[str, Any]:
    async with connected(places.run / "control.sock") as control, httpx.AsyncClient() as http:
        status = await control.ask("status")
        checks = Questions(http, status["ports"], places, any_round_trip=True).checks()
        good = await asyncio.gather(*map(passes, checks))
        said = await _receiver(Questions(http, status["ports"], places))
    results = {
        check.name: {"ok": ok, "zh": check.text.zh, "en": check.text.en}
        for check, ok in zip(checks, good, strict=True)
    }
    well = all(good) and all(part["running"] for part in status["parts"].values())
    return {"running": True, "well": well, "pid": status["pid"], "ports": status["ports"],
            "parts": status["parts"], "checks": results, **said}  # fmt: skip


SAID = ("channels", "warnings", "warnings_zh")


async def _receiver(questions: Questions) -> dict[str, list[Any]]:
    """What the receiver knows; nothing when it does not answer, which its own line says."""
    try:
        found = (await questions.get("receiver", "/api/v1/status")).json()
        return {key: found[key] for key in SAID}
    except (httpx.HTTPError, ValueError, KeyError, OSError):
        return {key: [] for key in SAID}


def _table(found: dict[str, Any]) -> Table:
    language = reader_language()
    table = Table(title=Text("运行状态", "what runs").read_in(language))
    for heading in (Text("部分", "part"), Text("进程", "pid"), Text("已运行", "for"), Text("状态", "state")):
        table.add_column(heading.read_in(language))
    for name, part in found["parts"].items():
        state = FINE if part["running"] else BAD
        drill = f" ({part['drill']})" if part["drill"] else ""
        table.add_row(
            name, str(part["pid"]), lasting(part["seconds"]).read_in(language), state.read_in(language) + drill
        )
    table.add_section()
    for check in found["checks"].values():
        table.add_row(check[language], "", "", (FINE if check["ok"] else BAD).read_in(language))
    return table


def _how(channel: dict[str, Any]) -> Text:
    """One line: the last page it delivered, and its last failure with the reason."""
    good, bad = _when(channel["last_delivered_at"]), _when(channel["last_failed_at"])
    why = channel["last_error"]
    zh, en = (f"（{why}）", f" ({why})") if why else ("", "")
    return Text(
        f"渠道 {channel['name']}：最近送达 {good.zh}，最近失败 {bad.zh}{zh}",
        f"channel {channel['name']}: last delivered {good.en}, last failed {bad.en}{en}",
    )


def _when(at: str | None) -> Text:
    if at is None:
        return Text("无", "never")
    return Text(*[f"{datetime.fromisoformat(at):%m-%d %H:%M:%S}"] * 2)
