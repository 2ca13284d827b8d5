"""What a person can report, and the alert that it becomes. Pure: words in, an alert as Alertmanager would write it.

Whoever reports knows more than any metric, so each matter has its own incident and its own call. No metric will end
it: it fires until a person says that it is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from streamwatch.alert import BY_PERSON, DRILL, Severity
from streamwatch.language import Text
from streamwatch.message import clean

KindName = Literal["content_violation", "sudden_situation", "stream_interruption", "other"]
KINDS: dict[KindName, Text] = {
    "sudden_situation": Text("突发情况", "sudden situation"),
    "content_violation": Text("内容违规", "content violation"),
    "stream_interruption": Text("直播中断", "stream interruption"),
    "other": Text("其他", "something else"),
}
WHOLE_SITE = "all"  # the stream of what concerns no stream in particular
NOTE = 200  # characters
DANGER = Text(
    "人有危险：先离开，再打电话。火警 119，急救 120，报警 110",
    "In danger? Leave first, then telephone. In China: fire 119, ambulance 120, police 110",
)


@dataclass(frozen=True)
class Matter:
    """One thing to report. The first of *roles* owns the incident; the others are called at the same moment."""

    kind: KindName
    what: str  # empty: the kind itself
    name: Text
    roles: tuple[str, ...]
    step: str  # an anchor of the procedure's runbook
    hop: str
    severity: Severity = "P0"

    @property
    def alertname(self) -> str:
        return "Reported" + (self.what or self.kind).title().replace("_", "")


def _of(kind: KindName, hop: str, roles: str, step: str, *, what: str, zh: str, en: str, p: Severity) -> Matter:
    return Matter(kind, what, Text(zh, en), tuple(roles.split()), step, hop, p)


def _sudden(what: str, zh: str, en: str, roles: str, step: str, p: Severity = "P0") -> Matter:
    return _of("sudden_situation", "site", roles, step, what=what, zh=zh, en=en, p=p)


def _content(what: str, zh: str, en: str, step: str, p: Severity = "P0") -> Matter:
    """ops decides; tech is called too where the stream must be cut, and that cannot wait for a second call."""
    return _of(
        "content_violation", "picture", "ops tech" if p == "P0" else "ops", step, what=what, zh=zh, en=en, p=p
    )


MATTERS = (
    _sudden("", "现场有危险", "danger on site", "ops tech", "first-60s"),
    _sudden("fire", "起火、冒烟", "fire, smoke", "ops tech", "fire"),
    _sudden("injury", "有人受伤、主播不适", "injury, host unwell", "ops tech", "injury"),
    _sudden("intruder", "有人闯入、威胁", "intruder, threat", "ops tech", "intruder"),
    _sudden("self_harm", "弹幕里有人要自伤或伤人", "self-harm or a threat in chat", "service ops", "self-harm"),
    _sudden("power", "停电", "power cut", "tech ops", "power-on-battery"),
    _sudden("venue", "天气、场地、政府要求", "weather, venue, orders of authorities", "ops", "venue", "P1"),
    _content("", "内容违规，要切断", "content violation: cut", "first-60s"),
    _content("host_conduct", "主播言行违规", "what the host says or does", "first-60s"),
    _content("guest_or_chat", "连麦、弹幕违规", "a guest, or words in chat", "first-60s"),
    _content("hijack", "直播被劫持", "the stream is hijacked", "first-60s"),
    _content("platform_cut", "被平台断流", "cut by the platform", "cut-by-platform"),
    _content("platform_warning", "收到平台警告", "warned by the platform", "platform-warning", "P1"),
    _content("false_claim", "虚假宣传、价格不实", "false claim or price", "replace", "P1"),
    _content("no_licence", "资质、授权、版权问题", "licence, permission, copyright", "replace", "P1"),
    Matter("stream_interruption", "", Text("有人报告直播中断", "reported: the stream is down"), ("tech",),
           "first-60s", "playback"),
    Matter("other", "", Text("有人报告异常", "something is wrong, a person reports"), ("ops",), "", "site", "P1"),
)  # fmt: skip


def find(kind: str, what: str = "") -> Matter | None:
    return next((each for each in MATTERS if (each.kind, each.what) == (kind, what)), None)


# By the word with which people report, and drill, each.
BY_WORD: Mapping[str, Matter] = {each.what or each.kind: each for each in MATTERS}


def whats(kind: str) -> list[str]:
    """What can be said more exactly of *kind*."""
    return [each.what for each in MATTERS if each.kind == kind and each.what]


@dataclass(frozen=True)
class Report:
    """*by* is an id of duty.yml; None: whoever stood at the console. *at* is aware."""

    matter: Matter
    stream: str
    note: str
    by: str | None
    at: datetime
    id: str  # of this one press; two presses are two reports of one trouble
    drill: bool = False  # it is not true: an incident of its own, marked as such


def fingerprint(report_id: str) -> str:
    return f"{BY_PERSON}{report_id}"[:64]


def firing(report: Report) -> dict[str, Any]:
    """The alert, as a webhook of Alertmanager carries one."""
    matter, note = report.matter, clean(report.note, NOTE)
    labels = {
        "alertname": matter.alertname,
        "stream": clean(report.stream, 80),
        "hop": matter.hop,
        "procedure": matter.kind,
        "severity": matter.severity,
        "role": matter.roles[0],
        "also": " ".join(matter.roles[1:]),
        "matter": f"{DRILL}-{matter.what or matter.kind}" if report.drill else _matter_label(matter, note),
        DRILL: DRILL if report.drill else "",
    }
    told = Text(f"{matter.name.zh}：{note}", f"{matter.name.en}: {note}") if note else matter.name
    annotations = {
        "summary_zh": told.zh,
        "summary_en": told.en,
        "runbook_step": matter.step,
        "by": report.by or "",
    }
    return {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": annotations,
        "startsAt": report.at.isoformat(),
        "fingerprint": fingerprint(report.id),
        "status": "firing",
    }


def over(
    labels: Mapping[str, str], print_: str, starts_at: datetime, by: str | None, note: str, at: datetime
) -> dict[str, Any]:
    """A person says that it is over."""
    return {
        "labels": dict(labels),
        "annotations": {"by": by or "", "note": clean(note, NOTE)},
        "startsAt": starts_at.isoformat(),
        "endsAt": max(at, starts_at).isoformat(),
        "fingerprint": print_,
        "status": "resolved",
    }


def _matter_label(matter: Matter, note: str) -> str:
    """What is one trouble. An interruption joins what the probes say of it; of anything else nothing is known."""
    if matter.kind == "stream_interruption":
        return ""
    if matter.kind == "other":
        return f"note-{sha256(note.encode(errors='replace')).hexdigest()[:12]}"
    return matter.what or matter.kind
