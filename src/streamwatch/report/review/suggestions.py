"""What the record itself suggests to look at: facts by fixed rules, each with its incidents; no advice. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from streamwatch.language import Text
from streamwatch.report.review.handling import Handling
from streamwatch.vocabulary import lasting

TimeBoxes = Mapping[str, timedelta]  # by severity: within this somebody should have taken it

OFTEN = 2  # times that an alert may fire before it is told


@dataclass(frozen=True)
class Suggestion:
    rule: str
    text: Text
    incidents: tuple[str, ...]


def suggestions(handlings: Sequence[Handling], boxes: TimeBoxes) -> tuple[Suggestion, ...]:
    """*handlings* without drills."""
    return tuple(found for rule in _RULES for found in rule(handlings, boxes))


def _late(handlings: Sequence[Handling], boxes: TimeBoxes) -> Iterable[Suggestion]:
    for severity, box in sorted(boxes.items()):
        late = {
            each.number: seconds
            for each in handlings
            if each.severity == severity
            and not each.observed  # nobody can be late for what was not sent
            and (seconds := each.answered) is not None
            and seconds > box.total_seconds()
        }
        if late:
            words = Text(
                "{severity} 认领晚于时限 {box}，最慢 {worst}",
                "{severity} taken after more than {box}, at worst after {worst}",
            )
            yield _told(
                "late_ack",
                words,
                late,
                severity=severity,
                box=lasting(box.total_seconds()),
                worst=lasting(max(late.values())),
            )


def _not_taken(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    found = [each.number for each in handlings if each.taken_at is None and not each.observed]
    if found:
        yield _told("not_taken", Text("没有人认领", "nobody took it"), found)


def _gaps(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    found = [each.number for each in handlings if each.unattended]
    if found:
        yield _told("duty_gap", Text("岗位当时无人值班", "nobody held the role it went to"), found)


def _second_channel(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    found = defaultdict(list)
    for each in handlings:
        for detour in each.detours:
            found[detour].append(each.number)
    for detour, numbers in found.items():
        words = Text(
            "{delivered} 才送达 {person}，{failed} 没有送达",
            "{person} was reached over {delivered}, not over {failed}",
        )
        yield _told("second_channel", words, numbers, **detour._asdict())


def _undelivered(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    found = defaultdict(list)
    for each in handlings:
        for person in each.undelivered:
            found[person].append(each.number)
    for person, numbers in found.items():
        yield _told(
            "undelivered",
            Text("呼叫始终没有送达 {person}", "a page never reached {person}"),
            numbers,
            person=person,
        )


def _often(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    """One series of an alert by itself: three variants that stall at once fired once each."""
    fired: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in handlings:
        for episode in each.episodes:
            fired[each.stream, episode.alertname][episode.fingerprint].append(each.number)
    for (stream, alertname), series in sorted(fired.items()):
        often = [numbers for numbers in series.values() if len(numbers) > OFTEN]
        if often:
            words = Text("{alertname} 触发 {times} 次（{stream}）", "{alertname} fired {times} times ({stream})")
            named = [number for numbers in often for number in numbers]
            times = max(map(len, often))
            yield _told("often", words, named, alertname=alertname, times=times, stream=stream or "—")


def _false(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    for alertname, every in _by_alert(handlings):
        if found := [each.number for each in every if each.is_false]:
            words = Text(
                "{alertname} 被记为误报 {times} 次", "{alertname} was called a false alarm, times: {times}"
            )
            yield _told("false_alarm", words, found, alertname=alertname, times=len(found))


def _useless(handlings: Sequence[Handling], _: TimeBoxes) -> Iterable[Suggestion]:
    """By alert and not by person: it is the rule that may need mending. With the reasons that were given."""
    for alertname, every in _by_alert(handlings):
        said = [(each.number, rating) for each in every for rating in each.ratings]
        useless = [(number, rating.why) for number, rating in said if not rating.useful]
        if useless:
            words = Text(
                "{alertname} 的呼叫：{no} 人次说没用，{yes} 人次说有用{why}",
                "pages of {alertname}: {no} said that they were no use, {yes} that they were{why}",
            )
            reasons = "; ".join(dict.fromkeys(why for _, why in useless if why))
            counts = {"no": len(useless), "yes": len(said) - len(useless)}
            because = Text(f"（{reasons}）", f" ({reasons})") if reasons else Text("", "")
            numbers = [number for number, _ in useless]
            yield _told("not_useful", words, numbers, alertname=alertname, **counts, why=because)


def _by_alert(handlings: Sequence[Handling]) -> Iterable[tuple[str, list[Handling]]]:
    found = defaultdict(list)
    for each in handlings:
        found[each.alertname].append(each)
    return sorted(found.items())


_Rule = Callable[[Sequence[Handling], TimeBoxes], Iterable[Suggestion]]
_RULES: tuple[_Rule, ...] = (_late, _not_taken, _gaps, _second_channel, _undelivered, _often, _false, _useless)


def _told(rule: str, words: Text, numbers: Iterable[str], **filled: object) -> Suggestion:
    return Suggestion(rule, words.format(**filled), tuple(dict.fromkeys(numbers)))
