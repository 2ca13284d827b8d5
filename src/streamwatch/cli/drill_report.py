"""`streamwatch drill report`: an emergency that people report, as if it were true, and marked that it is not."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import Api, config_option, json_option, open_api
from streamwatch.drill.reported import Seen, faults_of, is_reached, result_of, seen
from streamwatch.errors import CommandFailed
from streamwatch.incidents.trigger import BY_WORD, WHOLE_SITE
from streamwatch.language import Text, reader_language

LOOK = 0.5  # seconds between looks
TOLD_WITHIN = 30.0  # seconds in which whoever was called hears of the end
STORED_WITHIN = 30.0  # seconds in which what is on the disk has its incident


@click.command("report")
@click.argument("what", type=click.Choice(list(BY_WORD)), metavar="WHAT")
@click.option(
    "--stream", default=WHOLE_SITE, show_default=True, help="直播间；all 是整个现场。all: the whole site."
)
@click.option("--by", required=True, help="谁主持演练，id 或名字。Who leads the drill, by id or name.")
@click.option(
    "--timeout", type=click.FloatRange(1, 240), default=120.0, show_default=True,
    help="等人认领几秒。Seconds in which somebody must take it.",
)  # fmt: skip
@config_option
@json_option
def report(what: str, stream: str, by: str, timeout: float, path: Path | None, as_json: bool) -> None:
    """Report WHAT as a drill: people are called, and it ends by itself. 演练人工上报：照常呼叫，自动结束。

    Whoever is on duty must take it, by link or button. Every message says that it is a drill.
    WHAT is what `streamwatch trigger` takes: fire, power, hijack … Exit 0 when all were reached and one took it.

    Example 例：streamwatch drill report fire --by alice
    """
    _, api = open_api(path)
    matter = BY_WORD[what]
    duty = {role: _on_duty(api, stream, role) for role in matter.roles}
    body = {"kind": matter.kind, "what": matter.what, "stream": stream, "by": by, "drill": True}
    began = api.call("POST", "/triggers", json=body)
    incident, drill = _incident(api, began, stream), began["drill"]
    try:
        told = _until(api, incident, timeout, lambda now: now.taken is not None and is_reached(now, duty))
    finally:
        api.call("POST", f"/incidents/{incident}/resolve", json={"by": by})
    told = _until(api, incident, TOLD_WITHIN, lambda now: now.ended)
    wrong = faults_of(told, duty, timeout)
    result = result_of(told, wrong)
    api.call("POST", f"/drills/{drill}/result", json=result)
    if as_json:
        click.echo(json.dumps({"drill": drill, "stream": stream, "what": what, **result}, ensure_ascii=False))
    elif not wrong:
        click.echo(_fine(told).read_in(reader_language()))
    for text in wrong:
        click.echo(Text(f"不对：{text.zh}", f"wrong: {text.en}").read_in(reader_language()), err=True)
    sys.exit(1 if wrong else 0)


def _on_duty(api: Api, stream: str, role: str) -> list[str]:
    answer = api.call("GET", "/duty", params={"stream": "" if stream == WHOLE_SITE else stream, "role": role})
    people: list[str] = answer["duty"][0]["people"]
    return people


def _incident(api: Api, began: dict[str, Any], stream: str) -> str:
    """Its number. A busy receiver stores the report first, and folds it in a moment."""
    if began["incident"]:
        return str(began["incident"]["id"])
    end = time.monotonic() + STORED_WITHIN
    while time.monotonic() < end:
        found = api.call("GET", "/incidents", params={"stream": stream, "state": "open,acknowledged"})["incidents"]
        for each in found:
            if each["drill"] and any(alert["fingerprint"] == began["fingerprint"] for alert in each["alerts"]):
                return str(each["id"])
        time.sleep(LOOK)
    raise CommandFailed(
        Text("上报已存下，但没有事件；看控制台", "the report is stored and has no incident; see the console")
    )


def _until(api: Api, incident: str, patience: float, holds: Callable[[Seen], bool]) -> Seen:
    """What was seen last: when *holds*, or after *patience* seconds."""
    end = time.monotonic() + patience
    while True:
        told = seen(api.call("GET", f"/incidents/{incident}"))
        if holds(told) or time.monotonic() > end:
            return told
        time.sleep(LOOK)


def _fine(told: Seen) -> Text:
    paged, people = min(told.paged.values()), " ".join(told.paged)
    return Text(
        f"演练通过：{paged:g} 秒呼叫到，{told.taken:g} 秒认领（{people}）",
        f"passed: reached after {paged:g} s, taken after {told.taken:g} s ({people})",
    )
