"""Whether StreamWatch itself sees, judges and calls: who watches the watcher, before anybody relies on it. Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from streamwatch.language import Language, Text
from streamwatch.preflight.check import Result, absent, bad, good, unknown
from streamwatch.preflight.question import Answers, Check, Plan, listed
from streamwatch.runbook import Runbooks
from streamwatch.vocabulary import lasting

BEATS_WITHIN = timedelta(seconds=60)  # the Watchdog, as the receiver's own alert has it
WAITS_LONG = timedelta(seconds=60)
CANARY_WITHIN = timedelta(hours=26)  # CanaryMissing
LANGUAGES: tuple[Language, ...] = ("zh", "en")
NO_ANSWER = Text("Prometheus 没有回答", "Prometheus does not answer")
NOT_SCRAPED = Text("采集器抓不到，什么都没有测", "the exporter is not scraped: nothing is measured")
START = Text("运行 streamwatch status 看哪一部分没有运行", "streamwatch status says which part does not run")


def watched(found: Answers, _plan: Plan) -> Result:
    if found["probes"] or found["published"]:
        return good("有探测在看它", "probes look at it")
    return bad(
        Text("没有任何探测在看这个直播间", "no probe looks at this stream"),
        Text("直播间的 id 写对了吗？把它写进 streams.yml", "is the id right? write the stream into streams.yml"),
    )


def targets(found: Answers, _plan: Plan) -> Result:
    down = [f"{each.labels.get('job', '')} {each.labels.get('instance', '')}" for each in found["down"]]
    if down:
        return bad(Text(f"抓不到：{listed(sorted(down))}", f"not scraped: {listed(sorted(down))}"), START)
    count = found.value("up")
    if not count:
        return bad(
            Text("Prometheus 什么都没有抓", "Prometheus scrapes nothing"),
            Text(
                "prometheus.yml 的 scrape_configs 写了采集器和接收端吗？",
                "do scrape_configs in prometheus.yml name the exporter and the receiver?",
            ),
        )
    return good(f"{count:.0f} 个都抓得到", f"all {count:.0f} are scraped")


def probes(found: Answers, _plan: Plan) -> Result:
    blind = sorted(
        {" ".join(filter(None, (each.labels.get("probe"), each.labels.get("server")))) for each in found["blind"]}
    )
    if blind:
        return bad(
            Text(f"看不见：{listed(blind)}", f"blind: {listed(blind)}"),
            Text("采集器首页写着每个探测最近失败的原因", "the exporter's own page says why each failed"),
        )
    return good("都在工作", "all of them see")


MEASURED = (
    Check(
        "watched",
        {
            "probes": "streamwatch_probe_runs_total{stream=$stream}",
            "published": "streamwatch_ingest_publishing{stream=$stream}",
        },
        watched,
    ),
    Check("targets", {"down": "up == 0", "up": "count(up)"}, targets),
    Check(
        "probes",
        {
            "blind": 'streamwatch_probe_up{stream=$stream} == 0 or streamwatch_probe_up{stream=""} == 0 '
            "unless on (server) label_replace("
            'streamwatch_host_info unless on (host) $hosts, "server", "$1", "host", "(.+)")'
        },
        probes,
    ),
)


class Rule(NamedTuple):
    """An alert as the running Prometheus has it."""

    alert: str
    severity: str  # "none" calls nobody
    procedure: str
    step: str
    health: str


def rules_of(data: Any) -> list[Rule]:
    """Those of an answer of /api/v1/rules. Raises `KeyError`, `TypeError` or `AttributeError` when it is none."""
    return [
        Rule(
            rule["name"],
            rule["labels"].get("severity", ""),
            rule["labels"].get("procedure", ""),
            rule["annotations"].get("runbook_step", ""),
            rule["health"],
        )
        for group in data["groups"]
        for rule in group["rules"]
        if rule["type"] == "alerting"
    ]


def rules(loaded: Sequence[Rule], books: Runbooks) -> Result:
    """Each alert that could fire has its step in both languages."""
    if not loaded:
        return bad(
            Text("Prometheus 一条告警规则也没有", "Prometheus has no alert at all"),
            Text(
                "prometheus.yml 的 rule_files 指向 alert_rules 吗？",
                "do rule_files in prometheus.yml name alert_rules?",
            ),
        )
    if failing := sorted({rule.alert for rule in loaded if rule.health == "err"}):
        return bad(
            Text(f"规则计算出错：{listed(failing)}", f"rules that fail: {listed(failing)}"),
            Text("运行 streamwatch rules test", "run streamwatch rules test"),
        )
    if lost := sorted({rule.alert for rule in loaded if rule.severity != "none" and not _has_step(rule, books)}):
        return bad(
            Text(f"没有中英文预案步骤：{listed(lost)}", f"no runbook step in both languages: {listed(lost)}"),
            Text(
                "写进该预案的 runbook.zh.md 和 runbook.en.md",
                "write it into runbook.zh.md and runbook.en.md of its procedure",
            ),
        )
    return good(f"{len(loaded)} 条告警都有中英文预案", f"{len(loaded)} alerts, each with its runbook in zh and en")


def _has_step(rule: Rule, books: Runbooks) -> bool:
    """A step that names a label, as `complaint-{{ $labels.category }}`, is there when some section is like it."""
    like = re.compile(".+".join(map(re.escape, _TEMPLATE.split(rule.step))))
    found = [books.get((rule.procedure, language)) for language in LANGUAGES]
    return bool(rule.step) and all(
        book and any(each.steps for anchor, each in book.sections.items() if like.fullmatch(anchor))
        for book in found
    )


_TEMPLATE = re.compile(r"\{\{.*?\}\}")


class Own(NamedTuple):
    """What the receiver knows of itself. *channels* are those of people on duty: name, delivered at, failed at."""

    beat: datetime | None
    troubles: Sequence[str]
    inbox_troubled: int
    outbox_due: int
    outbox_oldest: datetime | None
    dead: int
    channels: Sequence[tuple[str, datetime | None, datetime | None]]
    sings: bool  # whether duty.yml names a canary
    canary: datetime | None


def own(known: Own, at: datetime) -> Iterator[tuple[str, Result]]:
    yield "watchdog", _watchdog(known.beat, at)
    yield "receiver", _receiver(known.troubles)
    yield "outbox", _outbox(known, at)
    yield "dead_pages", _dead(known.dead)
    yield "channels", _channels(known.channels)
    yield "canary", _canary(known, at)


def _watchdog(beat: datetime | None, at: datetime) -> Result:
    if beat is not None and at - beat < BEATS_WITHIN:
        return good("听得到 Watchdog", "the Watchdog is heard")
    long = None if beat is None else lasting((at - beat).total_seconds())
    said = (
        Text("从没听到 Watchdog", "the Watchdog was never heard")
        if long is None
        else Text(f"{long.zh}没有听到 Watchdog", f"the Watchdog was not heard for {long.en}")
    )
    return bad(
        said,
        Text(
            "告警到不了人。检查 Prometheus、Alertmanager 和 webhook 地址",
            "no alert would arrive: check Prometheus, Alertmanager and the webhook's address",
        ),
    )


def _receiver(troubles: Sequence[str]) -> Result:
    if troubles:
        return bad(Text(listed(list(troubles)), listed(list(troubles))), START)
    return good("正常", "works")


def _outbox(known: Own, at: datetime) -> Result:
    if known.inbox_troubled:
        return bad(
            Text(f"{known.inbox_troubled} 条告警无法处理", f"{known.inbox_troubled} webhooks could not be handled"),
            Text("看接收端日志", "see the receiver's log"),
        )
    if known.outbox_oldest is not None and at - known.outbox_oldest > WAITS_LONG:
        return bad(
            Text(f"{known.outbox_due} 个呼叫发不出去", f"{known.outbox_due} pages wait to be sent"),
            Text("看控制台里哪个渠道在失败", "the console says which channel fails"),
        )
    return good("没有积压", "nothing waits")


def _dead(dead: int) -> Result:
    if dead:
        return bad(
            Text(f"{dead} 个呼叫送不到人", f"{dead} pages reached nobody"),
            Text("修好渠道后运行 streamwatch pages replay", "mend the channel, then streamwatch pages replay"),
        )
    return good("没有", "none")


def _channels(channels: Sequence[tuple[str, datetime | None, datetime | None]]) -> Result:
    failing = [name for name, delivered, failed in channels if failed and (delivered is None or delivered < failed)]
    if failing:
        return bad(
            Text(f"最近一次发送失败：{listed(failing)}", f"the last try failed: {listed(failing)}"),
            Text("运行 streamwatch send-test，看原因", "streamwatch send-test says why"),
        )
    names = [name for name, _, _ in channels]
    new = [name for name, delivered, _ in channels if delivered is None]
    works = [name for name in names if name not in new]
    if new:
        used = Text(f"；正常：{listed(works)}", f"; these work: {listed(works)}") if works else Text("", "")
        return unknown(
            Text(f"还没有用过，不知道能不能送达：{listed(new)}{used.zh}",
                 f"never used yet, so it is not known whether they deliver: {listed(new)}{used.en}"),
            Text("给值班的人发一条测试：streamwatch send-test 名字",
                 "send who is on duty a test page: streamwatch send-test NAME"),
        )  # fmt: skip
    if not works:
        return absent("值班的人没有渠道", "who is on duty has no channel")
    return good(f"值班人的渠道正常：{listed(works)}", f"those of who is on duty work: {listed(works)}")


def _canary(known: Own, at: datetime) -> Result:
    if not known.sings:
        return absent("duty.yml 没有写 canary", "duty.yml names no canary")
    if known.canary is None:
        return unknown(
            Text("试呼还没有送达过", "no test page has arrived yet"),
            Text(
                "运行 streamwatch send-test，看手机响不响",
                "run streamwatch send-test and see whether the phone rings",
            ),
        )
    long = lasting((at - known.canary).total_seconds())
    if at - known.canary > CANARY_WITHIN:
        return bad(
            Text(f"{long.zh}没有送达", f"none arrived for {long.en}"),
            Text("运行 streamwatch send-test，找到断在哪里", "run streamwatch send-test to find where it breaks"),
        )
    return good(f"{long.zh}前送达", f"arrived {long.en} ago")
