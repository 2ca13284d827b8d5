"""What a check can come to, and what all of them together mean: go, or no-go. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from streamwatch.language import Text

Outcome = Literal["good", "bad", "unknown", "absent", "people"]
OUTCOMES: dict[Outcome, Text] = {
    "good": Text("正常", "good"),
    "bad": Text("不行", "bad"),
    "unknown": Text("不知道", "not known"),
    "absent": Text("未配置", "not configured"),
    "people": Text("请人确认", "for people"),
}
WAIVED = Text("已放行", "waived")
FAILS: tuple[Outcome, ...] = ("bad", "unknown")

# Every check by its key, in the order in which they are told: as the picture travels, then who watches over it.
CHECKS: dict[str, Text] = {
    "session": Text("场次", "session"),
    "watched": Text("有探测", "is watched"),
    "encoder": Text("编码器", "encoder"),
    "uplink": Text("上行网络", "uplink"),
    "throughput": Text("上行带宽", "throughput"),
    "ingest": Text("推流接入", "ingest"),
    "picture": Text("画面", "picture"),
    "sound": Text("声音", "sound"),
    "playback": Text("播放", "playback"),
    "chat": Text("弹幕", "chat"),
    "disk": Text("录制空间", "disk"),
    "certificates": Text("证书", "certificates"),
    "power": Text("供电", "power"),
    "material": Text("素材", "material"),
    "prometheus": Text("Prometheus", "Prometheus"),
    "watchdog": Text("告警通路", "way of alerts"),
    "targets": Text("采集目标", "targets"),
    "probes": Text("探测可用", "probes"),
    "rules": Text("规则与预案", "rules, runbooks"),
    "receiver": Text("接收端", "receiver"),
    "outbox": Text("待发呼叫", "outbox"),
    "dead_pages": Text("送不到的呼叫", "dead pages"),
    "channels": Text("渠道", "channels"),
    "canary": Text("每日试呼", "daily test page"),
    "duty": Text("值班", "duty"),
    "doubts": Text("值班表疑点", "duty doubts"),
    "incidents": Text("未恢复事件", "open incidents"),
    "checklist": Text("人工清单", "checklist"),
}


class Result(NamedTuple):
    """What came of one check: *said* is what was seen, *cure* what to do where it is not good."""

    outcome: Outcome
    said: Text
    cure: Text | None = None


def good(zh: str, en: str) -> Result:
    return Result("good", Text(zh, en))


def bad(said: Text, cure: Text) -> Result:
    return Result("bad", said, cure)


def unknown(said: Text, cure: Text) -> Result:
    """It is configured, and what it is like cannot be known: that is no-go as well."""
    return Result("unknown", said, cure)


def absent(zh: str, en: str) -> Result:
    """Nobody set it up: that is said, and does not count."""
    return Result("absent", Text(zh, en))


@dataclass(frozen=True)
class Finding:
    """One line of the verdict. Several may have one *check*: each file of the material has its own."""

    check: str  # a key of `CHECKS`
    result: Result
    waived: bool = False

    @property
    def title(self) -> Text:
        return CHECKS[self.check]

    @property
    def blocks(self) -> bool:
        return self.result.outcome in FAILS and not self.waived


@dataclass(frozen=True)
class Verdict:
    stream: str
    session: str | None
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def go(self) -> bool:
        return not any(each.blocks for each in self.findings)

    @property
    def word(self) -> Text:
        """One short sentence: go, with how much was let pass; or no-go, with how much is in the way."""
        blocking = sum(each.blocks for each in self.findings)
        waived = sum(each.waived for each in self.findings)
        if blocking:
            return Text(f"不能开播：{blocking} 项不行", f"NO-GO: {blocking} in the way")
        if waived:
            return Text(f"可以开播（放行 {waived} 项）", f"GO ({waived} waived)")
        return Text("可以开播", "GO")

    def count(self, outcome: Outcome) -> int:
        return sum(each.result.outcome == outcome for each in self.findings)


def verdict(
    stream: str, session: str | None, at: datetime, found: Iterable[tuple[str, Result]], without: Iterable[str] = ()
) -> Verdict:
    """*without* are keys of checks that do not hold the show up. What is good needs no waiver."""
    findings = [Finding(key, result) for key, result in found]
    findings.sort(key=lambda each: list(CHECKS).index(each.check))
    let = frozenset(without)
    return Verdict(
        stream,
        session,
        at,
        tuple(replace(each, waived=each.check in let and each.result.outcome in FAILS) for each in findings),
    )
