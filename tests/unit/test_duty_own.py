"""Which streams have others on duty than the rest, and that `who` without a stream says so."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from servers.duty_file import write_duty_file
from streamwatch.cli import group
from streamwatch.config import load
from streamwatch.duty import own_duty

SESSION = (
    "timezone: UTC\nsessions: [{id: 双十二-A, stream: demo, start: 2026-12-12T19:00, end: 2026-12-12T23:00, "
    "duty: {tech: [bob]}}, {id: plain, stream: other, start: 2026-12-12T19:00, end: 2026-12-12T23:00}]\n"
)
END = datetime(2026, 12, 12, 23, tzinfo=UTC)


def test_a_session_with_its_own_list_counts_to_half_an_hour_after_its_end(tmp_path: Path) -> None:
    """Bob instead of Alice; a session without a list, and other roles, are as everywhere."""
    book = load(write_duty_file(tmp_path, SESSION)).book
    (own,) = own_duty(book, ["tech", "ops"], END + timedelta(minutes=29))

    assert (own.stream, own.session and own.session.id) == ("demo", "双十二-A")
    assert [(role, duty.call) for role, duty in own.duty] == [("tech", ("bob",))]
    assert list(own_duty(book, ["tech", "ops"], END + timedelta(minutes=30))) == []


@pytest.mark.parametrize(
    ("language", "heading", "bob"),
    [
        ("zh", "直播间 demo · 场次 双十二-A · 收尾", "技术        Bob"),
        ("en", "stream demo · session 双十二-A · after the end", "tech        Bob"),
    ],
)
def test_who_without_a_stream_names_those_of_a_running_session(
    tmp_path: Path, language: str, heading: str, bob: str
) -> None:
    """The common list first, as before, then what is otherwise; the same in JSON."""
    asked = ["who", "--role", "tech", "--at", "2026-12-12 23:10", "--config", write_duty_file(tmp_path, SESSION)]
    words = [*map(str, asked)]
    told = CliRunner().invoke(group, words, env={"STREAMWATCH_LANG": language}).stdout
    common, _, own = told.partition("\n\n")
    document = json.loads(CliRunner().invoke(group, [*words, "--json"]).stdout)

    assert "Alice" in common
    assert own.splitlines()[0] == heading
    assert own.splitlines()[1].startswith(bob)
    assert [each["people"] for each in document["duty"]] == [["alice"]]
    (room,) = document["streams"]
    assert (room["stream"], room["session"], room["duty"][0]["people"]) == ("demo", "双十二-A", ["bob"])
    one = CliRunner().invoke(group, [*words, "--stream", "demo", "--json"]).stdout
    assert (json.loads(one)["duty"][0]["people"], json.loads(one)["streams"]) == (["bob"], [])
