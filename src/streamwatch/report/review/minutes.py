"""The best and the worst minutes of a session, and why: fixed rules over its minutes, no opinion. Pure.

Minutes that follow one another are one spell, told by its strongest minute: else one interruption is all the list.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median

from streamwatch.language import Text
from streamwatch.report.review.handling import Handling
from streamwatch.report.review.measured import BITRATE, CHAT, ORDERS_A_MINUTE, USERS, Measured
from streamwatch.report.review.result import interrupted
from streamwatch.report.window import Window
from streamwatch.vocabulary import lasting

TOLD = 5  # spells of each kind
MOVED = 0.1  # of the viewers came or went within a minute
FEW = 10  # viewers of whom a share means nothing
MANY = 2  # times what is usual
LOUD = 10  # chat messages in a minute
COMPLAINING = 3  # people: one angry viewer is no bad minute
WEAK = 0.5  # of the usual bitrate
STANDS_STILL = 0.95  # publishing for less of the minute than this

Why = tuple[float, Text]  # how much it counts, and what it was
Rule = Callable[["_Minutes", int], Iterator[Why]]


@dataclass(frozen=True)
class Spell:
    """*at* is the strongest minute of *seconds* that follow one another."""

    at: datetime
    seconds: int
    why: tuple[Text, ...]
    points: float


@dataclass(frozen=True)
class Minutes:
    good: tuple[Spell, ...]  # the strongest first
    bad: tuple[Spell, ...]
    unknown: tuple[Text, ...]  # what nobody measured: it neither praises nor blames

    @property
    def judged(self) -> bool:
        """Whether anything is known that it could be judged by."""
        return bool(self.good or self.bad) or len(self.unknown) <= len(_MEASURED)


def minutes(
    handlings: Sequence[Handling],
    measured: Measured,
    rows: Sequence[int],
    span: Window,
    drilled: Collection[int] = (),
) -> Minutes:
    """*handlings* are the incidents of the session's stream without drills, *rows* its time on air.

    In the rows that are *drilled* what was measured was made on purpose: only what is no drill is told of them.
    """
    facts = _Minutes(handlings, measured, rows, span, drilled)
    return Minutes(_spells(facts, rows, _good), _spells(facts, rows, _bad), tuple(facts.unknown()))


class _Minutes:
    """What is known of each row of *span*."""

    def __init__(
        self,
        handlings: Sequence[Handling],
        measured: Measured,
        rows: Sequence[int],
        span: Window,
        drilled: Collection[int],
    ) -> None:
        self.span, self._drilled = span, drilled
        self._rows = [row for row in rows if row not in drilled]
        self._dark = [each for each in handlings if interrupted([each], [(span.start, span.end)])]
        keys = {"viewers": "viewers", "publishing": "publishing", "chat": CHAT.key, "bitrate": BITRATE.key}
        keys["orders"] = ORDERS_A_MINUTE.key
        columns = {name: measured.one(key) for name, key in keys.items()}
        self._values = {name: column.values for name, column in columns.items() if column}
        self._complaining = [column.values for column in measured.by_category(USERS).values()]

    def value(self, name: str, row: int) -> float | None:
        if name not in self._values or row in self._drilled or not 0 <= row < self.span.rows:
            return None
        return self._values[name][row]

    def usual(self, name: str) -> float:
        return self._usual.get(name, 0.0)

    @cached_property
    def _usual(self) -> dict[str, float]:
        known = {name: [each for row in self._rows if (each := values[row]) is not None]
                 for name, values in self._values.items()}  # fmt: skip
        return {name: median(values) for name, values in known.items() if values}

    @cached_property
    def peak(self) -> int | None:
        """The row with most viewers."""
        known = [(each, -row) for row in self._rows if (each := self.value("viewers", row))]
        return -max(known)[1] if known else None

    def interrupted(self, row: int) -> float:
        begins = self.span.begins(row)
        return interrupted(self._dark, [(begins, begins + timedelta(seconds=self.span.step))])

    def missing(self, row: int) -> float:
        """Seconds in which ingest saw no stream; 0 where nobody looked."""
        share = self.value("publishing", row)
        return 0.0 if share is None or share >= STANDS_STILL else (1 - share) * self.span.step

    def complaining(self, row: int) -> int:
        return 0 if row in self._drilled else round(sum(values[row] or 0 for values in self._complaining))

    def moved(self, row: int) -> tuple[float, float, float] | None:
        """By which share viewers changed, from how many, to how many."""
        before, now = self.value("viewers", row - 1), self.value("viewers", row)
        return None if before is None or now is None or before < FEW else (now / before - 1, before, now)

    def unknown(self) -> Iterator[Text]:
        for name, words in _MEASURED.items():
            if name not in self._usual:
                yield words
        if not self._complaining:
            yield Text("抱怨", "complaints")


_MEASURED = {
    "viewers": Text("在线人数", "viewers"),
    "publishing": Text("是否推流", "publishing"),
    "bitrate": Text("码率", "bitrate"),
    "chat": Text("弹幕", "chat"),
    "orders": Text("订单", "orders"),
}


def _bad(facts: _Minutes, row: int) -> Iterator[Why]:
    if dark := facts.interrupted(row):
        yield 1 + 3 * dark / facts.span.step, _said("中断 {time}", "interrupted {time}", dark)
    elif missing := facts.missing(row):
        yield 1 + 2 * missing / facts.span.step, _said("未推流 {time}", "not publishing {time}", missing)
    if (change := facts.moved(row)) and change[0] <= -MOVED:
        yield -2 * change[0], _viewers(*change)
    if (people := facts.complaining(row)) >= COMPLAINING:
        yield min(2.0, people / 10), Text(f"{people} 人抱怨", f"{people} people complained")
    rate, usual = facts.value("bitrate", row), facts.usual("bitrate")
    if rate is not None and usual and rate < WEAK * usual:
        share = f"{rate / usual:.0%}"
        yield 1 - rate / usual, Text(f"码率只有平时的 {share}", f"bitrate {share} of the usual")


def _good(facts: _Minutes, row: int) -> Iterator[Why]:
    """Nothing is good while something is wrong: a full chat may be full of complaints."""
    if facts.interrupted(row) or facts.missing(row) or facts.complaining(row) >= COMPLAINING:
        return
    if (change := facts.moved(row)) and change[0] >= MOVED:
        yield min(2.0, 2 * change[0]), _viewers(*change)
    chat, usual = facts.value("chat", row), facts.usual("chat")
    if chat is not None and chat >= max(LOUD, MANY * usual):
        yield _often(chat, usual), Text(f"弹幕 {chat:.0f} 条/分钟", f"{chat:.0f} chat messages a minute")
    orders, usual = facts.value("orders", row), facts.usual("orders")
    if orders is not None and orders >= max(1, MANY * usual):
        yield _often(orders, usual), Text(f"{orders:.0f} 单/分钟", f"{orders:.0f} orders a minute")
    if row == facts.peak:
        most = facts.value("viewers", row)
        yield 0.5, Text(f"在线最高 {most:,.0f}", f"most viewers, {most:,.0f}")


def _often(value: float, usual: float) -> float:
    return min(2.0, value / usual / 4) if usual else 1.0


def _said(zh: str, en: str, seconds: float) -> Text:
    return Text(zh, en).format(time=lasting(max(1.0, seconds)))


def _viewers(share: float, before: float, now: float) -> Text:
    told = f"{before:,.0f} → {now:,.0f} ({share:+.0%})"
    return Text(f"在线 {told}", f"viewers {told}")


def _spells(facts: _Minutes, rows: Sequence[int], rule: Rule) -> tuple[Spell, ...]:
    found: list[list[tuple[int, list[Why]]]] = []
    last = None
    for row in rows:
        if why := sorted(rule(facts, row), key=lambda each: -each[0]):
            if last is None or row != last + 1:
                found.append([])
            found[-1].append((row, why))
            last = row
    spells = [_spell(facts.span, spell) for spell in found]
    return tuple(sorted(spells, key=lambda each: (-each.points, each.at))[:TOLD])


def _spell(span: Window, spell: Sequence[tuple[int, list[Why]]]) -> Spell:
    row, why = max(spell, key=lambda each: (sum(points for points, _ in each[1]), -each[0]))
    texts = tuple(text for _, text in why)
    return Spell(span.begins(row), len(spell) * span.step, texts, sum(points for points, _ in why))
