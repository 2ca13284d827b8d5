"""Whether the people are there: the session, who holds each role, what is open, what only they can tick. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from streamwatch.duty import NEVER_EMPTY, ROLES, Duty, DutyBook, Of, Session, doubts, running_session, shows, who
from streamwatch.duty.session import utc
from streamwatch.language import Text
from streamwatch.preflight.check import Result, absent, bad, good
from streamwatch.preflight.question import Plan, listed
from streamwatch.vocabulary import ROLES as ROLE_WORDS
from streamwatch.vocabulary import in_names

AHEAD = timedelta(hours=24)  # a session that begins later is not the one that is meant
MILD = "P3"  # a note, which holds no show up


def session_of(book: DutyBook, stream: str, at: datetime) -> Session | None:
    """The one that runs or is prepared, else the next within a day."""
    if found := running_session(book, stream, at):
        return found
    here = utc(at)
    ahead = [each for each in book.sessions if each.stream == stream and here <= each.air.start <= here + AHEAD]
    return min(ahead, key=lambda each: each.air.start, default=None)


def anybody_on_air(book: DutyBook, plan: Plan) -> bool:
    """Also on another stream: whoever shares the line would lose it to a test."""
    mine = plan.session is not None and plan.session.on_air(plan.at)
    return mine or any(each.phase == "on_air" for each in shows(book, plan.at))


def session(plan: Plan, zone: tzinfo) -> Result:
    if plan.session is None:
        return absent("日历里 24 小时内没有场次", "the calendar has none within a day")
    air = plan.session.air
    times = f"{air.start.astimezone(zone):%m-%d %H:%M} – {air.end.astimezone(zone):%H:%M}"
    if air.end <= utc(plan.at):
        return bad(
            Text(f"{plan.session.id} 已经结束（{times}）", f"{plan.session.id} is over ({times})"),
            Text("换成下一场：streamwatch session list", "take the next one: streamwatch session list"),
        )
    title = f" {plan.session.title}" if plan.session.title else ""
    return good(f"{plan.session.id}{title}，{times}", f"{plan.session.id}{title}, {times}")


def people(book: DutyBook, plan: Plan, zone: tzinfo) -> Iterator[tuple[str, Result]]:
    """Of the time at which the show begins, or of now while it runs. A role that nobody holds is told once."""
    at = _begins(plan)
    empty = _empty(_held(book, plan, at))
    yield "duty", _duty(book, plan, at)
    start, end = (plan.session.presence.start, plan.session.presence.end) if plan.session else (at, plan.ends)
    held = [role for role in NEVER_EMPTY if role not in empty]
    found = [in_names(each, book.name) for each in doubts(book, start, end, zone, Of(plan.stream, held))]
    if found:
        first = found[0]
        more_zh, more_en = (f"（共 {len(found)} 处）", f" ({len(found)} in all)") if len(found) > 1 else ("", "")
        cure = Text("运行 streamwatch duty preview，改 duty.yml", "see streamwatch duty preview, mend duty.yml")
        yield "doubts", bad(Text(first.zh + more_zh, first.en + more_en), cure)
    else:
        yield "doubts", good("没有", "none")


def _duty(book: DutyBook, plan: Plan, at: datetime) -> Result:
    held = _held(book, plan, at)
    cure = Text("改 duty.yml，或 streamwatch duty override", "mend duty.yml, or streamwatch duty override")
    empty = _empty(held)
    if lost := [role for role in empty if role in NEVER_EMPTY]:
        zh, en = _named(lost)
        return bad(Text(f"没有人值班：{zh}", f"nobody holds: {en}"), cure)
    held = {role: duty for role, duty in held.items() if role not in empty}
    deaf = [book.name(person) for duty in held.values() for person in duty.call[:1] if not _contacts(book, person)]
    if deaf:
        names = listed(sorted(set(deaf)))
        return bad(Text(f"没有联系方式：{names}", f"cannot be reached: {names}"), cure)
    told = Text(
        "，".join(f"{ROLE_WORDS[role].zh} {book.name(duty.call[0])}" for role, duty in held.items()),
        ", ".join(f"{ROLE_WORDS[role].en} {book.name(duty.call[0])}" for role, duty in held.items()),
    )
    alone = [role for role, duty in held.items() if not duty.backup]
    notes = [told]
    for found, zh, en in ((alone, "；没有后备：", "; no backup: "), (empty, "；没有人：", "; held by nobody: ")):
        if found:
            named = _named(found)
            notes.append(Text(zh + named[0], en + named[1]))
    return good("".join(each.zh for each in notes), "".join(each.en for each in notes))


def _held(book: DutyBook, plan: Plan, at: datetime) -> dict[str, Duty]:
    return {role: who(book, role, plan.stream, at) for role in roles(book, plan.session)}


def _empty(held: Mapping[str, Duty]) -> list[str]:
    """Those that nobody holds by name. Only `NEVER_EMPTY` ones hold a show up: the others are mostly told."""
    return [role for role, duty in held.items() if duty.source in ("everyone", "nobody")]


def roles(book: DutyBook, session: Session | None) -> list[str]:
    """Those of the show: never empty ones, and those of its list; the host is never called."""
    named = {*NEVER_EMPTY, *(session.duty if session else ()), *book.default}
    return [role for role in ROLES if role in named and role != "host"]


def on_duty(book: DutyBook, plan: Plan) -> list[str]:
    """Whoever would be called, or is their backup."""
    at = _begins(plan)
    held = _held(book, plan, at)
    empty = [role for role in _empty(held) if role not in NEVER_EMPTY]
    called = [duty for role, duty in held.items() if role not in empty]
    return list(dict.fromkeys(person for duty in called for person in (*duty.call, *duty.backup)))


class Open(NamedTuple):
    """An incident that is not over."""

    id: int
    severity: str
    summary: Text


def incidents(found: Sequence[Open]) -> Result:
    """*found* are those of the stream and those of none, without drills."""
    grave = [each for each in found if each.severity != MILD]
    if grave:
        first = f"#{grave[0].id} {grave[0].severity}"
        more = f" +{len(grave) - 1}" if len(grave) > 1 else ""
        return bad(
            Text(f"{first} {grave[0].summary.zh}{more}", f"{first} {grave[0].summary.en}{more}"),
            Text("打开控制台，按预案处理", "open the console and follow the runbook"),
        )
    if found:
        return good(f"只有 {len(found)} 个 P3", f"only {len(found)} of P3")
    return good("没有", "none")


def checklist(items: Iterable[Text]) -> Iterator[tuple[str, Result]]:
    for item in items:
        yield "checklist", Result("people", item)


def _begins(plan: Plan) -> datetime:
    """The show; now while it runs, or where none is planned."""
    return max(utc(plan.at), plan.session.air.start) if plan.session else plan.at


def _contacts(book: DutyBook, person: str) -> bool:
    known = book.people.get(person)
    return known is not None and bool(known.contacts)


def _named(held: Sequence[str]) -> tuple[str, str]:
    return "、".join(ROLE_WORDS[role].zh for role in held), ", ".join(ROLE_WORDS[role].en for role in held)
