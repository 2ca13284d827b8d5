"""Turns one page into the words its reader needs. Pure: everything it says was handed to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from streamwatch.duty import Person
from streamwatch.language import Language, Text
from streamwatch.message import CALLS, TOLD, Kind, Message, clean
from streamwatch.runbook import Runbooks
from streamwatch.vocabulary import CATEGORIES, HOPS, ROLES, in_names, lasting, say

FYI = Text("【通知】", "[FYI] ")  # whoever reads it is not called
SAMPLES = 5
STEPS = 4  # the rest is one tap away; more is not read at night


DOUBT = Text(
    "注意：告警通路中断，这可能不是恢复，请亲自看画面",
    "careful: the way of the alerts is closed, this may be silence and no recovery: look at the stream",
)


@dataclass(frozen=True)
class Occasion:
    """What is told of an incident. Times are aware, in the zone people read."""

    id: str
    stream: str
    procedure: str
    hop: str
    severity: str
    role: str
    alertname: str
    category: str  # of complaints; empty for everything else
    summary: Text
    runbook_step: str
    drill: bool
    opened_at: datetime
    resolved_at: datetime | None
    evidence: Mapping[str, Mapping[str, Any]]
    doubtful: bool = False  # it was told to be over while the way of the alerts is closed
    taken_by: str | None = None  # who has it, by name
    called: tuple[str, ...] = ()  # who was called, by name; known only where somebody is told of it


@dataclass(frozen=True)
class Call:
    """Why this person reads it, and how to answer."""

    page_id: str
    kind: Kind
    person: Person
    reason: Text
    maybe_repeated: bool
    ack_url: str | None
    console_url: str | None
    button: str | None = None
    told_as: str = ""  # the role as which they are told, and not called


def word(call: Call, occasion: Occasion, runbooks: Runbooks) -> Message:
    """The message of *call*. An incident that is over already is told as over, whatever the page was made for."""
    language = call.person.language
    over, told = occasion.resolved_at is not None, call.kind == TOLD
    anchor = _anchor(call, occasion, runbooks)
    steps = () if over else _steps(replace(occasion, runbook_step=anchor), runbooks, language)
    return Message(
        page_id=call.page_id,
        kind="over" if over else call.kind,
        incident_id=occasion.id,
        language=language,
        person=call.person.id,
        person_name=call.person.name,
        title=_title(call, occasion, over).read_in(language),
        facts=tuple(fact.read_in(language) for fact in _facts(call, occasion, over)),
        steps=steps,
        samples=() if over else _samples(occasion, language),
        severity=occasion.severity,
        stream=occasion.stream,
        hop=occasion.hop,
        procedure=occasion.procedure,
        role=occasion.role,
        alertname=occasion.alertname,
        runbook_step=anchor,
        ack_url=None if over or told else call.ack_url,
        console_url=call.console_url,
        button=None if over or told else call.button,
        drill=occasion.drill,
        maybe_repeated=call.maybe_repeated,
    )


TEST = Text("【测试】StreamWatch 测试呼叫", "[TEST] StreamWatch test page")
REMINDER = Text("【提醒】StreamWatch", "[NOTE] StreamWatch")


def word_test(call: Call, at: datetime) -> Message:
    """A page that asks for nothing, or a note: of no incident either."""
    language, note = call.person.language, call.kind == "note"
    title = (REMINDER if note else TEST).read_in(language)
    nothing = Text("{at} 发出，无需处理", "sent at {at}; nothing to do").format(at=f"{at:%H:%M:%S}")
    reason = call.reason.read_in(language)
    return Message(
        page_id=call.page_id,
        kind="note" if note else "test",
        incident_id="",
        language=language,
        person=call.person.id,
        person_name=call.person.name,
        title=title,
        facts=(reason,) if note else (nothing.read_in(language), reason),
        steps=(),
        severity="P3",
        maybe_repeated=call.maybe_repeated,
        console_url=call.console_url,
    )


def word_plain(call: Call, incident: int, severity: str) -> Message:
    """When the rest could not be put together: whom it calls, how urgent it is, and where to look."""
    language, name = call.person.language, call.person.name
    calls = call.kind in CALLS
    marks = {"over": Text("【恢复】", "[OVER] "), TOLD: FYI}
    mark = marks.get(call.kind, Text(f"【{severity}】", f"[{severity}] "))
    title = Text(f"{mark.zh}事件 #{incident} @{name}", f"{mark.en}incident #{incident} @{name}")
    fact = Text("详情没有取到，请打开链接", "its details could not be put together: open the link")
    return Message(
        page_id=call.page_id,
        kind=call.kind,
        incident_id=str(incident),
        language=language,
        person=call.person.id,
        person_name=name,
        title=title.read_in(language),
        facts=(fact.read_in(language), in_names(call.reason).read_in(language)),
        steps=(),
        severity=severity,
        ack_url=call.ack_url if calls else None,
        console_url=call.console_url,
        button=call.button if calls else None,
        maybe_repeated=call.maybe_repeated,
    )


def _title(call: Call, occasion: Occasion, over: bool) -> Text:
    """Severity, stream, symptom, who: the first twenty characters are all that a lock screen shows."""
    drill = Text("【演练】", "[DRILL] ") if occasion.drill else Text("", "")
    ended = Text("【恢复？】", "[OVER?] ") if occasion.doubtful else Text("【恢复】", "[OVER] ")
    calling = FYI if call.kind == TOLD else Text("【{s}】", "[{s}] ").format(s=occasion.severity)
    mark = ended if over else calling
    whom = "" if over else f" @{call.person.name}"
    about = say(CATEGORIES, occasion.category)
    zh, en = (f"：{about.zh}", f": {about.en}") if occasion.category else ("", "")
    return Text(
        f"{drill.zh}{mark.zh}{occasion.stream} {occasion.summary.zh}{zh}{whom}",
        f"{drill.en}{mark.en}{occasion.stream} {occasion.summary.en}{en}{whom}",
    )


def _facts(call: Call, occasion: Occasion, over: bool) -> list[Text]:
    hop, role = say(HOPS, occasion.hop), say(ROLES, occasion.role)
    began = f"{occasion.opened_at:%H:%M:%S}"
    facts = [
        Text(f"环节：{hop.zh}　岗位：{role.zh}　{began} 开始", f"hop: {hop.en} · role: {role.en} · since {began}"),
    ]
    if over and occasion.resolved_at is not None:
        took = lasting((occasion.resolved_at - occasion.opened_at).total_seconds())
        facts.append(Text(f"已恢复，持续 {took.zh}", f"over after {took.en}"))
        if occasion.doubtful:
            facts.append(DOUBT)
    elif call.kind == TOLD:
        why, as_ = in_names(call.reason), say(ROLES, call.told_as)
        name = call.person.name
        facts.append(Text(f"通知 {name}（{as_.zh}）：{why.zh}", f"for {name} ({as_.en}): {why.en}"))
        facts.append(_who_has_it(occasion))
    else:
        why = in_names(call.reason)
        facts.append(Text(f"呼叫 {call.person.name}：{why.zh}", f"calls {call.person.name}: {why.en}"))
    if occasion.drill:
        facts.append(Text("这是演练，不计入统计", "this is a drill and does not count"))
    return facts


def _who_has_it(occasion: Occasion) -> Text:
    if occasion.taken_by:
        return Text(
            f"{occasion.severity}，{occasion.taken_by} 在处理", f"{occasion.severity}, {occasion.taken_by} has it"
        )
    zh, en = "、".join(occasion.called) or "没有人", ", ".join(occasion.called) or "nobody"
    return Text(
        f"{occasion.severity}，已呼叫 {zh}，不用你认领",
        f"{occasion.severity}, called: {en}; nothing for you to ack",
    )


def _anchor(call: Call, occasion: Occasion, runbooks: Runbooks) -> str:
    """Who is told of it reads the section of their own role, where the runbook has one."""
    book = runbooks.get((occasion.procedure, call.person.language))
    return call.told_as if book and call.told_as in book.sections else occasion.runbook_step


def _steps(occasion: Occasion, runbooks: Runbooks, language: Language) -> tuple[str, ...]:
    book = runbooks.get((occasion.procedure, language))
    section = book and book.find(occasion.runbook_step)
    if not section:
        return (
            Text("没有对应的预案：先确认现象，再叫人", "no runbook for this: look first, then call help").read_in(
                language
            ),
        )
    steps = [f"{number}. {step}" for number, step in enumerate(section.steps[:STEPS], start=1)]
    return tuple(steps)


def _samples(occasion: Occasion, language: Language) -> tuple[str, ...]:
    lines: list[str] = []
    for category, seen in occasion.evidence.items():
        name = say(CATEGORIES, category).read_in(language)
        counted = Text("{name}：{users} 人，共 {chatters} 人发言", "{name}: {users} of {chatters} chatters").format(
            name=name, users=seen.get("users", "?"), chatters=seen.get("chatters", "?")
        )
        lines.append(counted.read_in(language))
        lines += _quoted(seen.get("samples", ()))
    return tuple(lines)


def _quoted(samples: Sequence[object]) -> list[str]:
    return [f"“{clean(str(sample), 60)}”" for sample in samples[:SAMPLES]]
