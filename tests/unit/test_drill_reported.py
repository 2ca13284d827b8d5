"""What a drill of a reported emergency must show, from what the receiver tells of its incident."""

from typing import Any

import pytest

from streamwatch.drill.reported import faults_of, is_reached, result_of, seen

DUTY = {"ops": ["bob"], "tech": ["alice", "bob"]}


def page(person: str, second: int, kind: str = "firing") -> dict[str, Any]:
    return {"person": person, "kind": kind, "delivered_at": f"2026-11-22T20:00:{second:02}+08:00"}


def incident(**changes: Any) -> dict[str, Any]:
    right = {
        "id": "7", "opened_at": "2026-11-22T20:00:00+08:00", "acknowledged_at": "2026-11-22T20:00:31+08:00",
        "state": "resolved", "drill": True,
        "pages": [page("bob", 2), page("alice", 3), page("bob", 40, "over"), page("alice", 41, "over")],
    }  # fmt: skip
    return right | changes


def test_a_right_one_has_no_faults_and_is_kept_with_its_times() -> None:
    """Both roles within seconds, taken after half a minute, told that it is over."""
    told = seen(incident())
    assert faults_of(told, DUTY, 120) == []
    assert is_reached(told, DUTY)
    assert result_of(told, []) == {
        "seconds": 2.0, "taken": 31.0, "person": "bob", "incidents": ["7"], "wrong": [], "wrong_zh": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"acknowledged_at": None}, "nobody took it within 120 s"),
        ({"drill": False}, "it was not marked as a drill"),
        ({"state": "open"}, "nobody was told that it is over"),
        ({"pages": [page("bob", 2), page("alice", 3), page("bob", 40, "over")]}, "nobody was told that it is over"),
        ({"pages": [page("charlie", 2), page("charlie", 9, "over")]}, "nobody of role ops was reached"),
        ({"pages": [page("bob", 13), page("bob", 40, "over")]}, "role ops was paged too late: after 13 s"),
        ({"pages": []}, "nobody of role tech was reached"),
    ],
)
def test_what_was_wrong_is_said_in_both_languages(changes: dict[str, Any], says: str) -> None:
    """Whoever was not reached, came late, did not take it, or did not hear the end."""
    wrong = faults_of(seen(incident(**changes)), DUTY, 120)
    assert says in "; ".join(text.en for text in wrong)
    assert all(text.zh != text.en for text in wrong)
