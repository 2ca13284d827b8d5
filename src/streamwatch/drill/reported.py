"""A drill of an emergency that people report: what must come of it, and what was wrong. Pure.

Nothing is broken: it is reported as the real thing would be, and marked as a drill; whoever is on duty takes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamwatch.drill.expected import P0_WITHIN
from streamwatch.language import Text
from streamwatch.message import CALLS
from streamwatch.vocabulary import ROLES, say


@dataclass(frozen=True)
class Seen:
    """Of one incident of the API. Seconds are since it opened; None is what did not come."""

    incident: str
    paged: Mapping[str, float]  # person → seconds to the first page that arrived
    person: str | None  # who was reached first
    taken: float | None
    ended: bool  # whoever was reached heard that it is over
    marked: bool


def seen(incident: Mapping[str, Any]) -> Seen:
    """What the receiver tells of it at this moment."""
    began = datetime.fromisoformat(incident["opened_at"])

    def since(at: str) -> float:
        return round((datetime.fromisoformat(at) - began).total_seconds(), 2)

    arrived = sorted(
        (since(page["delivered_at"]), page["person"])
        for page in incident["pages"]
        if page["kind"] in CALLS and page["delivered_at"]
    )
    paged = {person: seconds for seconds, person in reversed(arrived)}
    heard = {page["person"] for page in incident["pages"] if page["kind"] == "over" and page["delivered_at"]}
    return Seen(
        incident["id"],
        paged,
        arrived[0][1] if arrived else None,
        since(incident["acknowledged_at"]) if incident["acknowledged_at"] else None,
        incident["state"] == "resolved" and heard >= set(paged),
        bool(incident["drill"]),
    )


def is_reached(told: Seen, duty: Mapping[str, Sequence[str]]) -> bool:
    """Somebody of each role that is to be called."""
    return all(set(people) & set(told.paged) for people in duty.values())


def faults_of(told: Seen, duty: Mapping[str, Sequence[str]], patience: float) -> list[Text]:
    """What was wrong; *duty* is whom each role must reach. Empty: all were reached in time, and one took it."""
    wrong = []
    for role, people in duty.items():
        name = say(ROLES, role)
        times = [told.paged[person] for person in people if person in told.paged]
        if not times:
            wrong.append(Text(f"{name.zh}岗位没有人被呼叫到", f"nobody of role {name.en} was reached"))
        elif min(times) > P0_WITHIN:
            zh = f"{name.zh}岗位呼叫太晚：{min(times):g} 秒，应在 {P0_WITHIN:g} 秒内"
            wrong.append(
                Text(zh, f"role {name.en} was paged too late: after {min(times):g} s, not within {P0_WITHIN:g} s")
            )
    if told.taken is None:
        wrong.append(Text(f"{patience:g} 秒内没有人认领", f"nobody took it within {patience:g} s"))
    if not told.marked:
        wrong.append(Text("没有标明是演练", "it was not marked as a drill"))
    if not told.ended:
        wrong.append(Text("没有通知恢复", "nobody was told that it is over"))
    return wrong


def result_of(told: Seen, wrong: Sequence[Text]) -> dict[str, Any]:
    """What is kept of it: the receiver's `ResultBody`."""
    return {
        "seconds": min(told.paged.values(), default=None),
        "taken": told.taken,
        "person": told.person,
        "incidents": [told.incident],
        "wrong": [text.en for text in wrong],
        "wrong_zh": [text.zh for text in wrong],
    }
