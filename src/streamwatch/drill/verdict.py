"""What a drill saw, and whether it was right. Pure."""

from dataclasses import asdict, dataclass, field
from typing import Any

from streamwatch.drill.expected import EXPECTED
from streamwatch.language import Text
from streamwatch.vocabulary import HOPS, PROCEDURES, ROLES, say


@dataclass
class Seen:
    """Seconds are since the injection; None is what did not come."""

    fault: str
    stream: str = "demo"
    injected_at: str | None = None
    detected: float | None = None
    firing: float | None = None
    paged: float | None = None
    restored: float | None = None
    resolved: float | None = None
    alertname: str | None = None
    hop: str | None = None
    procedure: str | None = None
    severity: str | None = None
    role: str | None = None
    person: str | None = None
    person_name: str | None = None
    channel: str | None = None
    runbook_step: str | None = None
    pages: int = 0
    incidents: list[str] = field(default_factory=list)
    on_duty: list[str] = field(default_factory=list)
    on_duty_names: list[str] = field(default_factory=list)
    because_zh: str | None = None  # why somebody else than on_duty was paged, in the words of the timeline
    because_en: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def faults_of(seen: Seen) -> list[Text]:
    """What was wrong; empty when the right person got the right page, once, and heard that it is over."""
    expected = EXPECTED[seen.fault]
    wrong: list[Text] = []
    if seen.paged is None:
        return [Text("没有人被呼叫", "nobody was paged")]
    for name, words, got, wanted in (
        (Text("预案", "procedure"), PROCEDURES, seen.procedure, {expected.procedure}),
        (Text("环节", "hop"), HOPS, seen.hop, expected.hops),
        (Text("级别", "severity"), {}, seen.severity, {expected.severity}),
        (Text("岗位", "role"), ROLES, seen.role, {expected.role}),
    ):
        if got not in wanted:
            known, was = [say(words, each) for each in sorted(wanted)], say(words, got or "—")
            zh, en = " 或 ".join(each.zh for each in known), " or ".join(each.en for each in known)
            wrong.append(Text(f"{name.zh}应为{zh}，实际是{was.zh}", f"{name.en} should be {en}, and was {was.en}"))
    if seen.person not in seen.on_duty:
        wrong.append(_somebody_else(seen))
    if seen.paged > expected.within:
        late = "呼叫太晚：{s} 秒，应在 {w:g} 秒内", "paged too late: after {s} s, not within {w:g} s"
        wrong.append(Text(*(each.format(s=seen.paged, w=expected.within) for each in late)))
    wrong += _wrong_step(seen.runbook_step, expected.steps)
    if len(seen.incidents) != 1:
        count = len(seen.incidents)
        wrong.append(
            Text(f"应为 1 个事件，实际 {count} 个", f"there should be one incident, and there were {count}")
        )
    if seen.pages != 1:
        wrong.append(
            Text(f"应呼叫 1 次，实际 {seen.pages} 次", f"there should be one page, and there were {seen.pages}")
        )
    if seen.resolved is None:
        wrong.append(Text("没有通知恢复", "nobody was told that it is over"))
    return wrong


def result_of(seen: Seen) -> dict[str, Any]:
    """What is kept of it: the receiver's `ResultBody`."""
    wrong = faults_of(seen)
    return {
        "seconds": seen.paged,
        "person": seen.person,
        "incidents": seen.incidents[:50],
        "wrong": [text.en[:300] for text in wrong],
        "wrong_zh": [text.zh[:300] for text in wrong],
    }


def _wrong_step(step: str | None, expected: frozenset[str]) -> list[Text]:
    if not step:
        return [Text("呼叫里没有预案步骤", "the page named no step of the runbook")]
    wanted = ", ".join(sorted(expected))
    wrong = Text(f"预案步骤应为 {wanted}，实际是 {step}", f"the step should be {wanted}, and was {step}")
    return [] if step in expected else [wrong]


def _somebody_else(seen: Seen) -> Text:
    """Whom the page should have reached, whom it did, and why: a phone that is off is no fault of the rules."""
    wanted, got = seen.on_duty_names or seen.on_duty, seen.person_name or seen.person
    zh = f"：{seen.because_zh}" if seen.because_zh else ""
    en = f": {seen.because_en}" if seen.because_en else ""
    return Text(
        f"应呼叫 {'、'.join(wanted)}，实际是 {got}{zh}", f"{', '.join(wanted)} should be paged, and {got} was{en}"
    )
