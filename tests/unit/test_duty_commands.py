"""`streamwatch duty`, `who` and `check` at a terminal, without a receiver."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servers.duty_file import write_duty_file
from streamwatch.cli import group
from streamwatch.config import load

TABLE = "场次,直播间,开播,下播,技术\n{id},demo,{day} 19:00,23:30,查理、bob\n"
DAY = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"


def run(*arguments: str | Path, language: str = "en") -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments], env={"STREAMWATCH_LANG": language})


def table(folder: Path, text: str, name: str = "new.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("gbk"))
    return path


def test_an_import_shows_first_and_writes_then(tmp_path: Path) -> None:
    """--dry-run writes nothing; the import makes a table that duty.yml can read, and says so."""
    config = write_duty_file(tmp_path)
    file = table(tmp_path, TABLE.format(id="A", day=DAY))
    shown = json.loads(run("duty", "import", file, "--config", config, "--dry-run", "--json").stdout)
    assert (shown["new"], shown["written"], (tmp_path / "sessions.csv").exists()) == (["A"], False, False)

    told = json.loads(run("duty", "import", file, "--config", config, "--json").stdout)
    assert (told["new"], told["written"]) == (["A"], True)
    assert "add sessions_files: [sessions.csv]" in told["warnings"][0]["text"]
    config.write_text(config.read_text() + "sessions_files: [sessions.csv]\n")
    (session,) = load(config).book.sessions
    assert (session.id, session.duty) == ("A", {"tech": ("charlie", "bob")})


def test_an_import_replaces_by_id_and_keeps_the_others(tmp_path: Path) -> None:
    """Again, changed, and one more: each is told."""
    config = write_duty_file(tmp_path, "sessions_files: [sessions.csv]\n")
    (tmp_path / "sessions.csv").write_text(TABLE.format(id="A", day=DAY) + f"B,demo,{DAY} 09:00,10:00,bob\n")
    more = (
        TABLE.format(id="A", day=DAY).replace("23:30", "22:30")
        + f"B,demo,{DAY} 09:00,10:00,bob\nC,x,{DAY} 01:00,02:00,\n"
    )
    told = json.loads(run("duty", "import", table(tmp_path, more), "--config", config, "--json").stdout)

    assert (told["new"], told["changed"], told["unchanged"], told["warnings"]) == (["C"], ["A"], ["B"], [])
    sessions = {session.id: session for session in load(config).book.sessions}
    assert sorted(sessions) == ["A", "B", "C"]
    assert f"{sessions['A'].end:%H:%M}" == "22:30"


def test_an_import_leaves_alone_what_stands_elsewhere(tmp_path: Path) -> None:
    """An id in two files would be a mistake at the next reload."""
    config = write_duty_file(
        tmp_path, f"sessions: [{{id: A, stream: demo, start: {DAY}T19:00, end: {DAY}T20:00}}]\n"
    )
    told = json.loads(
        run("duty", "import", table(tmp_path, TABLE.format(id="A", day=DAY)), "--config", config, "--json").stdout
    )
    assert (told["elsewhere"], told["new"]) == (["A"], [])


def test_an_import_with_mistakes_writes_nothing(tmp_path: Path) -> None:
    """Exit 1, each with its place."""
    config = write_duty_file(tmp_path)
    file = table(tmp_path, TABLE.format(id="A", day="someday"))
    told = run("duty", "import", file, "--config", config, "--json")

    assert told.exit_code == 1
    assert [(each["line"], each["column"]) for each in json.loads(told.stdout)["mistakes"]] == [(2, 8)]
    assert not (tmp_path / "sessions.csv").exists()


def test_the_preview_shows_hand_overs_and_gaps(tmp_path: Path) -> None:
    """A rotation's turns of a week; where nobody holds a role it exits 1."""
    turns = '[{role: data, people: [alice, bob], every: 1d, handover: "10:00", since: 2026-01-05}]'
    config = write_duty_file(tmp_path, f"rotations: {turns}\n")
    good = run("duty", "preview", "--config", config, "--days", "7", "--role", "data", "--json")
    found = json.loads(good.stdout)
    assert (good.exit_code, found["gaps"]) == (0, [])
    assert [shift["from"][11:19] for shift in found["shifts"][1:]] == ["10:00:00"] * (len(found["shifts"]) - 1)
    assert {shift["source"] for shift in found["shifts"]} == {"rotation"}

    config.write_text(config.read_text().replace("tech: [alice, bob], ", ""))
    bad = run("duty", "preview", "--config", config, language="zh")
    assert bad.exit_code == 1
    assert "无人值班" in bad.stdout
    assert "1 处空档" in bad.stderr


def test_who_says_why_not_others(tmp_path: Path) -> None:
    """Alice is away, and that is why it is Bob."""
    config = write_duty_file(tmp_path, "away: [{person: alice, from: 2026-11-22T00:00, to: 2026-11-23T00:00}]\n")
    asked = ("who", "--config", config, "--at", "2026-11-22 12:00", "--role", "tech")
    assert "alice" not in run(*asked).stdout.lower()
    assert "Alice is not called: away" in run(*asked, "--why").stdout
    assert "未呼叫 Alice：请假" in run(*asked, "--why", language="zh").stdout
    (told,) = json.loads(run(*asked, "--json").stdout)["duty"]
    assert told["people"] == ["bob"]
    assert told["passed_over"] == [{"person": "alice", "name": "Alice", "why": "away", "why_zh": "请假"}]


def test_who_says_that_it_cannot_know_what_the_receiver_was_told(tmp_path: Path) -> None:
    """There is a database, and nobody who answers for it."""
    config = write_duty_file(tmp_path)
    assert run("who", "--config", config).stderr == ""
    (tmp_path / "streamwatch.db").write_text("")
    assert "overrides made on the fly" in run("who", "--config", config).stderr


@pytest.mark.parametrize(("language", "words"), [("en", "nobody holds role tech"), ("zh", "技术岗位无人值班")])
def test_check_wonders_about_gaps(tmp_path: Path, language: str, words: str) -> None:
    """A warning: exit 0, for everyone would be called."""
    config = write_duty_file(tmp_path)
    assert run("check", config).stderr.count("nobody holds") == 0
    config.write_text(config.read_text().replace("tech: [alice, bob], ", ""))
    told = run("check", config, language=language)
    assert (told.exit_code, words in told.stderr) == (0, True)


def test_a_calendar_link_is_for_somebody_who_is_known(tmp_path: Path) -> None:
    """A misspelt name would be a calendar that stays empty."""
    config = write_duty_file(tmp_path)
    assert "/duty.ics?token=" in run("duty", "calendar", "--config", config, "--person", "alice").stdout
    assert run("duty", "calendar", "--config", config, "--person", "mallory").exit_code != 0
