"""What is kept of what viewers write while a stream is interrupted."""

from typing import Any

from streamwatch.incidents.complaining import louder


def lag(users: int) -> dict[str, dict[str, Any]]:
    return {"lag": {"users": users, "chatters": 300, "samples": ["好卡啊"]}}


def test_the_loudest_moment_is_kept() -> None:
    """Complaints die down before the interruption is over: what is kept then is what was heard at its worst."""
    assert louder(lag(60), lag(12)) == lag(60)
    assert louder(lag(12), lag(60)) == lag(60)


def test_a_few_who_complain_are_nothing_to_keep() -> None:
    """Fewer than five call nobody, and stand for nothing; five do, beside what is known of other categories."""
    assert louder({}, lag(4)) == {}
    assert louder({"audio": {"users": 9}}, lag(5)) == {"audio": {"users": 9}, **lag(5)}
