"""What follows when somebody presses a button in a chat: who they are, whether it counts, what to tell them."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from streamwatch.access.buttons import Ack as AckButton
from streamwatch.access.buttons import AckList, BadButton, Buttons, OldButton
from streamwatch.channels.listener import Press, Reply
from streamwatch.clock import Clock
from streamwatch.duty import DutyBook, Person
from streamwatch.language import Text
from streamwatch.metrics import Metrics
from streamwatch.store import Store
from streamwatch.store.acks import Ack
from streamwatch.store.audit import Act, Deed
from streamwatch.store.presses import Heard

STRANGER = Text(
    "没有认领：这个账号（{who}）在值班配置里不属于任何人，请联系管理员",
    "Nothing was taken: this account ({who}) is nobody's in duty.yml. Ask whoever keeps that file",
)
SHARED = Text(
    "没有认领：这个账号（{who}）在值班配置里属于几个人",
    "Nothing was taken: this account ({who}) is several people's in duty.yml",
)
FORGED = Text("没有认领：按钮无效，请打开控制台", "Nothing was taken: the button is not valid. Open the console")
OLD = Text("没有认领：按钮已过期，请打开控制台", "Nothing was taken: the button has expired. Open the console")
DONE = Text("已认领 #{incident}，由你处理", "#{incident} is yours")
STILL = Text("#{incident} 由你处理，已记下仍在进行", "#{incident} is yours; noted that you are still at it")
OTHERS = Text("#{incident} 已由 {name} 认领", "{name} has #{incident} already")
OVER = Text("#{incident} 已经结束，不需要认领", "#{incident} is over already")
MISSING = Text("没有认领：没有事件 #{incident}", "Nothing was taken: there is no incident #{incident}")
TOOK = Text("已认领 {count} 个事件", "{count} incidents are yours")
NONE_LEFT = Text("没有等待认领的事件了", "Nothing waits for you any more")

RESULTS = ("taken", "already", "over", "refused")

Pools = Callable[[], Mapping[str, Collection[str]]]
"""The channels that are pools, and the channels in each."""


class Pressing:
    """The same store decides as for links and commands."""

    def __init__(
        self,
        store: Store,
        buttons: Buttons,
        book: Callable[[], DutyBook],
        pools: Pools,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store, self._buttons, self._book, self._pools = store, buttons, book, pools
        self._clock, self._metrics = clock, metrics

    async def take(self, channels: Collection[str], press: Press) -> Reply:
        """Raises when the database does not take it: then nothing happened, and the press must come again."""
        result, words, person = await asyncio.to_thread(self._take, channels, press)
        self._metrics.presses.labels(next(iter(channels)), result).inc()
        told = words.read_in(person.language) if person else f"{words.zh}\n{words.en}"
        return Reply(told, good=result in ("taken", "already"))

    def _take(self, channels: Collection[str], press: Press) -> tuple[str, Text, Person | None]:
        channel, at = next(iter(channels)), self._clock()
        people = self._owners(channels, press.who)
        refusal, request = self._request(press) if len(people) == 1 else (_unknown(people, press.who), None)
        if request is None:
            if press.place is not None:
                self._store.presses.pass_by(channel, press.place, at)
            return "refused", refusal, people[0] if len(people) == 1 else None
        heard = Heard(channel, press.id, press.place)
        return (*self._acknowledge(request, people[0], heard, at), people[0])

    def _owners(self, channels: Collection[str], who: str) -> list[Person]:
        """Whose account it is: a contact names this channel, or a pool that it is in."""
        pools = {name for name, members in self._pools().items() if not set(members).isdisjoint(channels)}
        here = {*channels, *pools}
        everybody = self._book().people.values()
        return [each for each in everybody if any(_is(contact, here, who) for contact in each.contacts)]

    def _request(self, press: Press) -> tuple[Text, AckButton | AckList | None]:
        """What is asked for, or why not. A number that somebody wrote needs no signature: they are who they are."""
        if press.incident is not None:
            return FORGED, AckButton(press.incident)
        try:
            return FORGED, self._buttons.read(press.button)
        except OldButton:
            return OLD, None
        except BadButton:
            return FORGED, None

    def _acknowledge(
        self, request: AckButton | AckList, person: Person, heard: Heard, at: datetime
    ) -> tuple[str, Text]:
        acks = self._store.acks
        if isinstance(request, AckList):
            wanted = [row.id for row in self._store.journal.called_for(person.id, request.until)]
            count = acks.acknowledge_all(wanted, person.id, at, heard)
            self._write_down(acks.just_taken(wanted, person.id, at), person, heard, at)
            return ("taken", TOOK.format(count=count)) if count else ("already", NONE_LEFT)
        outcome = acks.acknowledge(request.incident, person.id, at, heard)
        if outcome is Ack.DONE:
            self._write_down(acks.just_taken([request.incident], person.id, at), person, heard, at)
        result, words = self._told(outcome, request.incident, person)
        return result, words

    def _write_down(self, incidents: Collection[int], person: Person, heard: Heard, at: datetime) -> None:
        """Nothing twice: a press that was told again took nothing at this moment."""
        deeds = [Deed(at, Act.ACK, "button", person.id, person.id, each, heard.channel) for each in incidents]
        if not self._store.audit.try_to_add(deeds):
            self._metrics.audit_lost.inc(len(deeds))

    def _told(self, outcome: Ack, incident: int, person: Person) -> tuple[str, Text]:
        if outcome is Ack.DONE:
            return "taken", DONE.format(incident=incident)
        if outcome is Ack.OVER:
            return "over", OVER.format(incident=incident)
        if outcome is Ack.MISSING:
            return "refused", MISSING.format(incident=incident)
        row = self._store.journal.headline(self._store.journal.live(incident))  # it may be part of another
        owner = str(row.acknowledged_by) if row else ""
        if owner == person.id:
            return "already", STILL.format(incident=incident)
        known = self._book().people.get(owner)
        name = known.name if known else owner
        return "already", OTHERS.format(incident=incident, name=name)


def _is(contact: object, here: Collection[str], who: str) -> bool:
    return getattr(contact, "channel", None) in here and getattr(contact, "to", None) == who


def _unknown(people: list[Person], who: str) -> Text:
    return (SHARED if people else STRANGER).format(who=who)
