"""Action items in a review: its own, what is open still, and how they are told."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from servers.told_incident import EIGHT, SHANGHAI, at
from streamwatch.report.review.actions import Action, action, belonging
from streamwatch.report.review.reader import Reader
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.told_actions import told_actions
from streamwatch.report.window import window

HOUR = timedelta(hours=1)
SPAN = window(EIGHT, EIGHT + HOUR, 60, SHANGHAI)


def told(number: int, **changes: Any) -> Action:
    """A day old, of the session before, open."""
    whole: dict[str, Any] = {
        "id": str(number), "text": "spare | microphone", "owner": "alice", "owner_name": "Alice",
        "due": "2026-12-05", "overdue": False, "stream": "demo", "session": "1121-A", "incident": None,
        "added_at": at(-86_400), "added_by": None, "done_at": None, "done_by": None,
    }  # fmt: skip
    return action(whole | changes)


@pytest.mark.parametrize("session", ["1122-A", None])
def test_nothing_that_is_open_is_forgotten(session: str | None) -> None:
    """Carried over from earlier sessions; done ones stand in the review of their session, or of their time."""
    found = [
        told(1),
        told(2, done_at=at(-3600)),
        told(3, done_at=at(60)),
        told(4, session="1122-A", added_at=at(9000), done_at=at(9999)),
        told(5, session=None, incident="12"),
    ]
    numbers = [each.number for each in belonging(found, Scope(SPAN, "demo", (), session))]
    assert numbers == ["1", "3", *(["4"] if session else []), "5"]


def test_as_it_is_read() -> None:
    """Who does what until when, and of what it came."""
    assert told(5, session=None, incident="12", overdue=True) == Action(
        "5", "spare | microphone", "Alice", date(2026, 12, 5), True, False, "#12", None,
        datetime.fromisoformat(at(-86_400)), None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("zh", ["| 1 | spare ｜ microphone | Alice | 2026-12-05 | 逾期 | 1121-A |",
                "| 2 | spare ｜ microphone | Alice | 2026-12-05 | 已完成 | — |"]),
        ("en", ["| 1 | spare ｜ microphone | Alice | 2026-12-05 | overdue | 1121-A |",
                "| 2 | spare ｜ microphone | Alice | 2026-12-05 | done | — |"]),
    ],
)  # fmt: skip
def test_in_words(language: str, lines: list[str]) -> None:
    """A row each; what people wrote is no markup."""
    reader = Reader("zh" if language == "zh" else "en", SHANGHAI)
    items = [told(1, overdue=True), told(2, session=None, done_at=at(60))]
    assert told_actions(items, reader).splitlines()[2:] == lines


def test_none_says_how_to_keep_one() -> None:
    """The cure stands in the review."""
    assert "streamwatch action add" in told_actions((), Reader("en", SHANGHAI))
