"""Many pages of one person in one message: how many there are, then which, the most urgent first. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from streamwatch.duty import Person
from streamwatch.language import Language, Text
from streamwatch.message import Message

LONGEST = 400  # characters of one line
SEVERITIES = ("P0", "P1", "P2", "P3")
OVER = Text("恢复", "over")
TELLING = Text("通知", "FYI")


@dataclass(frozen=True)
class Item:
    """One incident of a digest."""

    incident: int
    stream: str
    severity: str
    summary: Text
    role: str
    over: bool
    drill: bool = False
    told: bool = False  # its reader is not called for it


@dataclass(frozen=True)
class Letter:
    """Everything about the message but its items."""

    page_id: str
    person: Person
    maybe_repeated: bool
    ack_url: str | None
    console_url: str | None
    button: str | None = None
    note: Text | None = None  # said below the number


def word_digest(letter: Letter, items: Sequence[Item]) -> Message:
    """*items* are at least one. The whole number stands first: a channel may cut the list."""
    language = letter.person.language
    items = sorted(items, key=lambda item: (item.over, item.told, item.severity, item.incident))
    calling = [item for item in items if not item.over and not item.told]
    worst = items[0]
    return Message(
        page_id=letter.page_id,
        kind="digest",
        incident_id="",
        language=language,
        person=letter.person.id,
        person_name=letter.person.name,
        title=_title(letter, items, calling).read_in(language),
        facts=(
            _counts(items).read_in(language),
            *([letter.note.read_in(language)] if letter.note else []),
            *_lines(items, language),
        ),
        steps=(_what_to_do(calling).read_in(language),) if calling else (),
        severity=worst.severity,
        role=worst.role,
        ack_url=letter.ack_url if calling else None,
        console_url=letter.console_url,
        button=letter.button if calling else None,
        drill=all(item.drill for item in items),
        maybe_repeated=letter.maybe_repeated,
        incidents=tuple(str(item.incident) for item in items),
        ended=tuple(str(item.incident) for item in items if item.over),
        told=tuple(str(item.incident) for item in items if item.told),
    )


def _title(letter: Letter, items: Sequence[Item], calling: Sequence[Item]) -> Text:
    """Severity, how many, the first stream, who: what a lock screen shows."""
    drill = Text("【演练】", "[DRILL] ") if all(item.drill for item in items) else Text("", "")
    if not calling and not items[0].over:
        zh, en = (f"{items[0].stream} {what}" for what in (items[0].summary.zh, items[0].summary.en))
        return Text(
            f"{drill.zh}【通知】{len(items)} 个事件：{zh} 等", f"{drill.en}[FYI] {len(items)} incidents: {en} …"
        )
    if not calling:
        return Text(f"{drill.zh}【恢复】{len(items)} 个事件", f"{drill.en}[OVER] {len(items)} incidents")
    first, name = calling[0], letter.person.name
    return Text(
        f"{drill.zh}【{first.severity}】{len(calling)} 个事件：{first.stream} {first.summary.zh} 等 @{name}",
        f"{drill.en}[{first.severity}] {len(calling)} incidents: {first.stream} {first.summary.en} … @{name}",
    )


def _counts(items: Sequence[Item]) -> Text:
    marks = [_mark(item) for item in items]
    counts = [(mark, marks.count(mark)) for mark in (*(Text(name, name) for name in SEVERITIES), TELLING, OVER)]
    zh, en = (
        " · ".join(f"{mark.read_in(language)} ×{count}" for mark, count in counts if count)
        for language in ("zh", "en")
    )
    return Text(f"合并呼叫：{zh}；完整列表见链接", f"in one message: {en}; the link has the whole list")


def _lines(items: Sequence[Item], language: Language) -> list[str]:
    """One line for each severity and symptom, with its streams."""
    groups: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for item in items:
        mark = _mark(item).read_in(language)
        groups[mark, item.severity, item.summary.read_in(language)].append(item.stream)
    return [_line(mark, what, streams) for (mark, _, what), streams in groups.items()]


def _mark(item: Item) -> Text:
    if item.over:
        return OVER
    return TELLING if item.told else Text(item.severity, item.severity)


def _line(mark: str, what: str, streams: Sequence[str]) -> str:
    times = {stream: streams.count(stream) for stream in dict.fromkeys(streams)}
    named = [f"{stream} ×{count}" if count > 1 else stream for stream, count in times.items()]
    line = f"{mark} {what} ×{len(streams)}："
    for index, name in enumerate(named):
        if len(line) + len(name) > LONGEST:
            return f"{line} +{len(named) - index}"
        line += f" {name}"
    return line


def _what_to_do(calling: Sequence[Item]) -> Text:
    """No runbook fits many: find what they have in common."""
    if len({item.stream for item in calling}) > 1:
        return Text(
            "1. 多个直播间同时出事：先查共同的一环（网络、推流服务器、CDN），再打开列表逐个认领",
            "1. many streams at once: look at what they share (network, ingest, CDN), then take them from the list",
        )
    return Text("1. 打开列表，从最急的开始处理", "1. open the list and begin with the most urgent")
