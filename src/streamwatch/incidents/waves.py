"""When the queue of complaints gets an entry, and when it is over. Pure.

An entry is one category of one stream in one wave: people begin to complain, and stop. Who answers it meanwhile
has answered the wave; whoever goes on complaining long after is a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

MANY = 5  # people in a minute: fewer are no complaint that anybody is called for
STILL = 3  # people: half of them and it is dying down
QUIET = timedelta(minutes=2)  # without it the wave is over
UNHEARD = timedelta(minutes=30)  # the chat is not read: nobody knows, and nobody waits for ever
AGAIN = timedelta(minutes=5)  # still as loud so long after an answer: it has to be answered anew

HINT = "violation"  # what may be illegal is for whoever can cut, and no complaint to be answered


class Key(NamedTuple):
    stream: str
    category: str


class Heard(NamedTuple):
    """How many people complain at this moment, of how many that write, and their words with digits masked."""

    users: int
    chatters: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Room:
    """The chat of one stream. *is_heard*: its feed is connected, so that "nobody complains" is known."""

    stream: str
    is_heard: bool
    chatters: int
    categories: Mapping[str, Heard]


class Spike(NamedTuple):
    """The open incident that a category of a stream belongs to; *fires*: because of these complaints."""

    incident: int
    drill: bool
    fires: bool


class Interruption(NamedTuple):
    """An open one, and what viewers of the stream are known to have written of it."""

    incident: int
    stream: str
    drill: bool
    evidence: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Live:
    """An entry whose wave goes on."""

    id: int
    key: Key
    loud_at: datetime
    answered_at: datetime | None = None


class Begin(NamedTuple):
    key: Key
    heard: Heard | None
    spike: Spike | None


class Goes(NamedTuple):
    """It is as loud as ever."""

    id: int
    heard: Heard | None
    spike: Spike | None


class Over(NamedTuple):
    id: int


Move = Begin | Goes | Over


def rooms_of(answer: Any) -> tuple[Room, ...] | None:
    """The exporter's answer; None when it is none, or of a version that says something else."""
    try:
        return tuple(_room(each) for each in answer["streams"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _room(told: Mapping[str, Any]) -> Room:
    chatters = int(told["chatters"])
    categories = {
        str(each["category"]): Heard(int(each["users"]), chatters, tuple(map(str, each["samples"])))
        for each in told["categories"]
        if each["category"] != HINT
    }
    return Room(str(told["stream"]), bool(told["heard"]), chatters, categories)


def moves(
    live: Sequence[Live], rooms: Sequence[Room] | None, spikes: Mapping[Key, Spike], at: datetime
) -> list[Move]:
    """What follows from what is heard now. *rooms* is None while the exporter is away: nothing is quiet then."""
    read = {room.stream: room for room in rooms or () if room.is_heard}
    found, going = list[Move](), set[Key]()
    for each in live:
        move = _move(each, _heard(read, each.key), spikes.get(each.key), at)
        if not isinstance(move, Over):
            going.add(each.key)
        if move is not None:
            found.append(move)
    loud = [Key(room.stream, category) for room in read.values() for category in room.categories]
    for key in dict.fromkeys([*loud, *spikes]):
        heard, spike = _heard(read, key), spikes.get(key)
        if key not in going and _begins(heard, spike):
            found.append(Begin(key, heard, spike))
    return found


def _move(each: Live, heard: Heard | None, spike: Spike | None, at: datetime) -> Move | None:
    if _is_loud(heard, spike):
        answered_long_ago = each.answered_at is not None and at - each.answered_at >= AGAIN
        return Over(each.id) if answered_long_ago else Goes(each.id, heard, spike)
    return Over(each.id) if at - each.loud_at >= (UNHEARD if heard is None else QUIET) else None


def _heard(read: Mapping[str, Room], key: Key) -> Heard | None:
    """None when it is not known."""
    room = read.get(key.stream)
    return None if room is None else room.categories.get(key.category, Heard(0, room.chatters))


def _is_loud(heard: Heard | None, spike: Spike | None) -> bool:
    """What is heard counts; an alert goes on for two minutes after the last one wrote."""
    return heard.users >= STILL if heard is not None else spike is not None and spike.fires


def _begins(heard: Heard | None, spike: Spike | None) -> bool:
    fires = spike is not None and spike.fires
    return _is_loud(heard, spike) if fires else heard is not None and heard.users >= MANY
