"""What a drill says when the wrong person was paged, and why."""

from datetime import datetime
from typing import Any

import pytest

from streamwatch.drill.verdict import Seen, faults_of
from streamwatch.drill.watching import Watch
from streamwatch.language import Text

BEGAN = "2026-11-22T20:00:00+08:00"


def seen(**changes: Any) -> Seen:
    right: dict[str, Any] = {
        "paged": 5.0, "resolved": 20.0, "procedure": "stream_interruption", "hop": "ingest", "severity": "P0",
        "role": "tech", "person": "alice", "person_name": "Alice", "runbook_step": "publisher-gone", "pages": 1,
        "incidents": ["4"], "on_duty": ["alice"], "on_duty_names": ["Alice"],
    }  # fmt: skip
    return Seen("encoder_crash", **right | changes)


def test_a_right_drill_has_no_faults() -> None:
    """The right person, once, with a step, and told that it is over."""
    assert faults_of(seen()) == []


def test_a_page_to_the_backup_says_why() -> None:
    """A phone that is off is told from a rule that is wrong."""
    missed = seen(
        person="bob",
        person_name="Bob",
        because_zh="无法送达 Alice：HTTP 500",
        because_en="Alice cannot be reached: 500",
    )
    assert faults_of(missed) == [
        Text(
            "应呼叫 Alice，实际是 Bob：无法送达 Alice：HTTP 500",
            "Alice should be paged, and Bob was: Alice cannot be reached: 500",
        )
    ]


def test_what_was_wrong_is_read_in_words() -> None:
    """Hops and roles as people say them."""
    assert faults_of(seen(hop="audience", role="ops")) == [
        Text("环节应为接入，实际是观众", "hop should be ingest, and was audience"),
        Text("岗位应为技术，实际是运营", "role should be tech, and was ops"),
    ]


@pytest.mark.parametrize(
    ("kinds", "told"), [(["moved_on", "dead"], "dead"), (["try_failed", "moved_on"], "try_failed"), ([], None)]
)
def test_the_cause_is_the_plainest_row_of_the_timeline(kinds: list[str], told: str | None) -> None:
    """That Alice cannot be reached says more than that Bob was called too."""
    one = seen(person="bob")
    watch = Watch(None, one, "demo", None, lambda *_: None)  # type: ignore[arg-type]  # it asks nobody here
    watch._somebody_else([{"kind": kind, "text_zh": f"{kind} 中", "text_en": kind} for kind in ["opened", *kinds]])

    assert one.because_en == told


class OneIncident:
    """What the receiver tells of a drill, and nothing else."""

    def __init__(self, *pages: tuple[str, str]) -> None:
        row = {"delivered_at": BEGAN, "channel": "phone"}
        self.pages = [{"kind": kind, "person": who, "person_name": who.title(), **row} for kind, who in pages]

    async def receiver(self, *_: Any, **__: Any) -> Any:
        words = ("alertname", "hop", "procedure", "severity", "role", "runbook_step", "summary_zh", "summary_en")
        known = {"id": "4", "state": "resolved", "opened_at": BEGAN, "pages": self.pages, "timeline": []}
        return {"incidents": [dict.fromkeys(words, "x") | known]}


@pytest.mark.parametrize(
    ("pages", "counted", "ended"),
    [
        ([("firing", "alice"), ("told", "charlie"), ("over", "charlie"), ("over", "alice")], 1, True),
        ([("firing", "alice"), ("told", "charlie"), ("over", "charlie")], 1, False),
        ([("firing", "alice"), ("firing", "charlie"), ("over", "alice")], 2, True),
        ([("told", "charlie")], 0, False),
    ],
)
async def test_only_calls_are_counted_as_pages(pages: list[tuple[str, str]], counted: int, ended: bool) -> None:
    """Whoever is told is no page too many, and no page at all; whoever is called besides is."""
    one = Seen("encoder_crash")
    watch = Watch(OneIncident(*pages), one, "demo", datetime.fromisoformat(BEGAN), lambda *_: None)  # type: ignore[arg-type]  # it answers alike
    await watch._look_at_receiver()
    assert (one.pages, one.resolved is not None) == (counted, ended)
    assert one.person == ("alice" if counted else None)
