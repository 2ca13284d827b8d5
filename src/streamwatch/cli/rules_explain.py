"""`streamwatch rules explain`: why an alert fires or does not, and when it would have fired in the last day."""

import difflib
import json
import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import click

from streamwatch.cli.api import config_option, config_path, json_option, moment, prometheus_address
from streamwatch.cli.waiting import Waiting
from streamwatch.clock import utc_now
from streamwatch.config import Config, load
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.rules.asking import Loaded, RunningPrometheus, Series
from streamwatch.rules.explaining import Firing, Labels, firings, parts
from streamwatch.rules.parsing import parse

DAY = 86_400
SHOWN = 10  # series of each part; more are counted
LOOKING = Text("正在回看过去一天：{done}/{of}", "looking back on the last day: {done}/{of}")
STATES = {
    "inactive": Text("未告警", "inactive"),
    "pending": Text("等待中", "pending"),
    "firing": Text("告警中", "firing"),
}


@click.command("explain")
@click.argument("alert")
@click.option(
    "--at", type=moment, metavar="TIME", help="时刻，按配置的时区；默认现在。A moment in duty.yml's zone."
)
@click.option("--prometheus", "address", metavar="URL", help="代替 prometheus.url。Instead of duty.yml's.")
@config_option
@json_option
def explain(alert: str, at: datetime | None, address: str | None, path: Path | None, as_json: bool) -> None:
    """Show each part of an alert with its value, and when it would have fired. 逐段解释一条告警，并回看一天。

    It asks the running Prometheus. What is looked back on is the day before TIME.

    Example 例：streamwatch rules explain StreamNotPublishing
    """
    config = load(config_path(path), read_secrets=False)
    when = config.file.aware(at) if at else None
    with RunningPrometheus(address or prometheus_address(config)) as prometheus:
        told = _told(prometheus, _found(prometheus, alert), when)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(_lines(told, config)))


def _found(prometheus: RunningPrometheus, alert: str) -> Loaded:
    loaded = {each.name: each for each in prometheus.alerts()}
    if alert in loaded:
        return loaded[alert]
    near = next(iter(difflib.get_close_matches(alert, loaded, 1)), None)
    hint = Text(f"你是说 {near} 吗？", f"did you mean {near}?") if near else Text("", "")
    raise CommandFailed(
        Text(
            f"Prometheus 没有加载告警 {alert}。{hint.zh}刚写好的先 streamwatch reload。",
            f"Prometheus has not loaded an alert {alert}. {hint.en} After writing one, run streamwatch reload.",
        )
    )


def _told(prometheus: RunningPrometheus, rule: Loaded, when: datetime | None) -> dict[str, Any]:
    """All there is to say, as JSON has it."""
    end = math.floor((when or utc_now()).timestamp())
    progress = Waiting(sys.stderr, monotonic, LOOKING)
    looked = [(part, prometheus.now(part.promql, when)) for part in parts(parse(rule.promql), rule.promql)]
    seen = prometheus.seen(rule.promql, end - DAY, end, rule.interval, progress.tick)
    progress.end()
    fired = [
        (labels, each)
        for labels, instants in sorted(seen.items())
        for each in firings(instants, end, rule.interval, rule.hold, rule.keep)
    ]
    active = [dict(labels, state=state, since=since) for labels, state, since in rule.active]
    return {
        "alert": rule.name,
        "expr": rule.promql,
        "file": rule.file,
        "for": rule.hold,
        "keep_firing_for": rule.keep,
        "at": datetime.fromtimestamp(end, UTC).isoformat(),
        **({} if when else {"state": rule.state, "active": active}),
        "error": rule.error,
        "parts": [
            {"depth": part.depth, "expr": part.promql, "series": [_series(each) for each in found]}
            for part, found in looked
        ],
        "fired": [_firing(labels, each) for labels, each in fired],
    }


def _series(each: Series) -> dict[str, Any]:
    return {"labels": dict(each.labels), "value": each.value if math.isfinite(each.value) else str(each.value)}


def _firing(labels: Labels, each: Firing) -> dict[str, Any]:
    start, end = (
        None if at is None else datetime.fromtimestamp(at, UTC).isoformat() for at in (each.start, each.end)
    )
    return {"labels": dict(labels), "start": start, "end": end}


def _lines(told: dict[str, Any], config: Config) -> Iterator[str]:
    language = reader_language()
    head = Text("{alert}（for {hold:g}s）", "{alert} (for {hold:g}s)").format(alert=told["alert"], hold=told["for"])
    state = f": {STATES[told['state']].read_in(language)}" if "state" in told else ""
    yield f"{head.read_in(language)}{state}"
    if told["error"]:
        yield told["error"]
    for part in told["parts"]:
        indent = "  " * (part["depth"] + 1)
        yield f"{indent}{part['expr']}"
        yield from _values(part["series"], f"{indent}  = ")
    yield from _history(told["fired"], config)


def _values(series: list[dict[str, Any]], indent: str) -> Iterator[str]:
    language = reader_language()
    if not series:
        yield indent + Text("（无）", "(nothing)").read_in(language)
    for each in series[:SHOWN]:
        value = each["value"]
        yield f"{indent}{value:g}  {_words(each['labels'])}" if isinstance(value, float) else f"{indent}{value}"
    if len(series) > SHOWN:
        yield indent + Text("……共 {n} 条", "… {n} in all").format(n=len(series)).read_in(language)


def _history(fired: list[dict[str, Any]], config: Config) -> Iterator[str]:
    language = reader_language()
    if not fired:
        yield Text("过去一天不会告警", "it would not have fired in the last day").read_in(language)
        return
    text = Text("过去一天会告警 {n} 次：", "it would have fired {n} times in the last day:")
    yield text.format(n=len(fired)).read_in(language)
    for each in fired:
        start, end = (
            f"{datetime.fromisoformat(at).astimezone(config.zone):%m-%d %H:%M:%S}" if at else "…"
            for at in (each["start"], each["end"])
        )
        yield f"  {start} – {end}  {_words(each['labels'])}"


def _words(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
