"""The review that the receiver writes by itself when a session is over: once, whole, and without Prometheus too."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from servers.free_port import free_port
from servers.receiver import write_config
from servers.story import NOON, Hands
from servers.told_incident import incident
from streamwatch.config import Config, load
from streamwatch.duty import Actual
from streamwatch.errors import CommandFailed
from streamwatch.report import after_air
from streamwatch.report.after_air import AGAIN, EVERY, PATIENCE, AfterAir
from streamwatch.report.files import write_whole
from streamwatch.store import Store
from streamwatch.web.own_answers import own_answers

ENDED = NOON - timedelta(minutes=5)
SHOW = {
    "id": "1122/A", "stream": "demo", "start": "2026-11-22T10:00+00:00", "end": ENDED.isoformat(),
    "title": "=1+1",
}  # fmt: skip
STEM = "2026-11-22_demo_1122_A"
FILES = [f"{STEM}.{ending}" for ending in ("csv", "en.md", "incidents.csv", "json", "zh.md")]


class Studio:
    """A receiver as far as it writes reviews, at noon; its show ended five minutes ago."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.clock = Hands()
        path = write_config(folder, free_port(), "http://127.0.0.1:9/pages", **{"sessions": [SHOW], **changes})
        self.config = load(path)
        self.reviews = folder / "data" / "reviews"
        self.store = Store(self.config.file.database)
        self.store.open(self.clock())
        self.restart()

    def restart(self) -> None:
        config: Callable[[], Config] = lambda: self.config  # noqa: E731  # of this moment
        self.writer = AfterAir(self.store, config, own_answers(self.store, config, self.clock), self.clock)

    async def look(self) -> None:
        """Until nothing is left to do, ten seconds later."""
        self.clock.advance(EVERY.total_seconds())
        while await self.writer.step():
            pass

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.reviews.iterdir()) if self.reviews.exists() else []

    def read(self, ending: str) -> str:
        return (self.reviews / f"{STEM}.{ending}").read_text(encoding="utf-8")


def content(path: str) -> bytes:
    return Path(path).read_bytes()


@pytest.fixture
def studio(tmp_path: Path) -> Any:
    studio = Studio(tmp_path)
    yield studio
    studio.store.close()


async def test_a_session_that_is_over_has_its_files(studio: Studio) -> None:
    """In both languages that the team reads, for spreadsheets, and as JSON: what is not known is said so."""
    await studio.look()
    assert studio.names == FILES
    assert studio.read("zh.md").startswith("# 场次 1122/A 复盘 · demo\n")
    assert "duty.yml 没有写 prometheus.url" in studio.read("zh.md")
    assert "# Review of session 1122/A · demo" in studio.read("en.md")
    assert studio.read("csv").startswith("\ufeff时间 Local time,")
    assert studio.read("incidents.csv").startswith("\ufeff事件 Incident,")
    whole = json.loads(studio.read("json"))
    assert (whole["coverage"], whole["review"]["session"]) == (0, "1122/A")
    assert len(whole["rows"]) == 3 * 60 + 1  # from an hour before to now, which is ten seconds past noon


async def test_it_is_written_once(studio: Studio) -> None:
    """Also by the next receiver: what people wrote into it stays."""
    await studio.look()
    mine = studio.reviews / f"{STEM}.zh.md"
    mine.write_text("我们的结论", encoding="utf-8")
    await studio.look()
    studio.restart()
    await studio.look()
    assert (studio.names, mine.read_text(encoding="utf-8")) == (FILES, "我们的结论")


async def test_each_file_is_wanted_in_the_bucket(tmp_path: Path) -> None:
    """Where duty.yml names one: as it is on the disk, and known by its name."""
    for name in ("access", "secret"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    s3 = {"endpoint": "http://127.0.0.1:9", "bucket": "live", "region": "eu-west-1"}
    s3 |= {f"{name}_key_file": str(tmp_path / name) for name in ("access", "secret")}
    studio = Studio(tmp_path, storage={"s3": s3})
    await studio.look()
    wanted = []
    while found := studio.store.uploads.due(studio.clock()):
        wanted.append(found.key)
        body = content(found.path)
        assert (found.bytes, found.sha256) == (len(body), sha256(body).hexdigest())
        studio.store.uploads.done(found.key, found.sha256, studio.clock())
    assert sorted(wanted) == [f"reviews/{name}" for name in FILES]
    studio.store.close()


async def test_a_name_that_no_file_has_is_looked_for_nowhere(studio: Studio) -> None:
    """Each dot of an address may end a stem: a long one of dots is not put together sixty thousand times."""
    await studio.look()
    (row,) = studio.store.reviews.past(10)
    assert studio.store.reviews.of_file(f"{STEM}.zh.md") == row
    asked = list[str]()
    event.listen(studio.store.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert [studio.store.reviews.of_file(name) for name in ("." * 60_000, f"{STEM}.zh.md\0")] == [None, None]
    assert asked == []


async def test_what_a_crash_cut_short_is_done_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the same names, and whole."""

    def crash(folder: Path, texts: dict[str, str]) -> None:
        write_whole(folder, dict(list(texts.items())[:2]))
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(after_air, "write_whole", crash)
        with pytest.raises(KeyboardInterrupt):
            await studio.look()
    assert len(studio.names) == 2
    assert studio.store.reviews.past(10) == []
    studio.restart()
    await studio.look()
    assert studio.names == FILES
    assert sorted(studio.store.reviews.past(10)[0].files) == FILES


async def test_a_full_disk_is_tried_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at once, and not for ever in vain."""

    def full(_folder: Path, _texts: dict[str, str]) -> None:
        raise CommandFailed("no room")

    with monkeypatch.context() as broken:
        broken.setattr(after_air, "write_whole", full)
        with pytest.raises(CommandFailed):
            await studio.look()
        await studio.look()  # ten seconds later it waits
    assert studio.names == []
    studio.clock.advance(AGAIN.total_seconds())
    await studio.look()
    assert studio.names == FILES


async def test_a_prometheus_that_is_away_is_waited_for_a_while(tmp_path: Path) -> None:
    """Ten minutes; then the review is written with what is known, and says why the rest is not."""
    studio = Studio(tmp_path, prometheus={"url": f"http://127.0.0.1:{free_port()}"})
    await studio.look()
    studio.clock.advance((PATIENCE - AGAIN).total_seconds())
    await studio.look()
    assert studio.names == []
    studio.restart()
    studio.clock.advance(AGAIN.total_seconds())
    await studio.look()
    assert studio.names == FILES
    assert "Nothing is known from Prometheus" in studio.read("en.md")
    studio.store.close()


async def test_an_end_that_is_told_later_is_another_review(studio: Studio) -> None:
    """The show was longer than planned, and somebody said so when the review was written: both are there."""
    await studio.look()
    later = Actual(None, studio.clock() + timedelta(minutes=20))
    studio.config = Config(**vars(studio.config) | {"book": studio.config.book.as_it_is((), {"1122/A": later})})
    await studio.look()
    assert studio.names == FILES
    studio.clock.advance(1300)
    await studio.look()
    assert len(studio.names) == 2 * len(FILES)
    assert f"{STEM}_2.zh.md" in studio.names
    assert [row.stem for row in studio.store.reviews.past(10)] == [f"{STEM}_2", STEM]


async def test_what_ended_while_nobody_ran_is_made_up_for(tmp_path: Path) -> None:
    """For a week; what is older is left alone."""
    days = {"a": 6, "b": 8}
    shows = [
        SHOW | {"id": name, "start": day(ago + 0.2), "end": day(ago)} for name, ago in days.items()
    ]  # fmt: skip
    studio = Studio(tmp_path, sessions=shows)
    await studio.look()
    assert [row.session for row in studio.store.reviews.past(10)] == ["a"]
    studio.store.close()


def day(ago: float) -> str:
    return datetime.fromtimestamp((NOON - timedelta(days=ago)).timestamp(), UTC).isoformat()


async def test_a_stop_does_not_wait_for_it(studio: Studio) -> None:
    """It breaks off at the next question, and the next receiver does it."""
    studio.writer.stop()
    await studio.look()
    assert studio.names == []
    studio.restart()
    await studio.look()
    assert studio.names == FILES


async def test_an_incident_is_in_the_review_of_one_session(tmp_path: Path) -> None:
    """The second began five minutes after the first ended: it is told with the time since then, and without what
    opened in the first, in its words, its files and its numbers.
    """
    between = NOON - timedelta(minutes=30)
    first = SHOW | {"id": "first", "end": (between - timedelta(minutes=5)).isoformat()}
    second = SHOW | {"id": "second", "start": between.isoformat()}
    studio = Studio(tmp_path, sessions=[first, second])
    opened = {"a": between - timedelta(minutes=20), "b": between - timedelta(minutes=3)}
    told = [
        {"id": str(number), "opened_at": at.isoformat(), "resolved_at": (at + timedelta(minutes=18)).isoformat()}
        for number, at in enumerate(opened.values(), start=1)
    ]
    mine = own_answers(studio.store, lambda: studio.config, studio.clock)

    def ask(path: str, params: Any) -> Any:
        if path == "/incidents":
            return {"incidents": [incident(int(each["id"])) | each for each in reversed(told)]}
        if path.startswith("/incidents/"):
            number = int(path.rpartition("/")[2])
            return incident(number) | told[number - 1]
        return mine(path, params)

    studio.writer = AfterAir(studio.store, lambda: studio.config, ask, studio.clock)
    await studio.look()
    found = {}
    for row in studio.store.reviews.past(2):
        whole = json.loads((studio.reviews / f"{row.stem}.json").read_text(encoding="utf-8"))
        handled = [each["incident"] for each in whole["review"]["handling"]]
        listed = [each["id"] for each in whole["incidents"]]
        found[row.session] = (handled, listed, row.numbers["incidents"]["P0"])
    assert found == {"first": (["1"], ["1"], 1), "second": (["2"], ["2"], 1)}
    studio.store.close()


async def test_it_compares_with_the_sessions_before(tmp_path: Path) -> None:
    """Of the same stream, each with the drills since the one before it."""
    shows = [
        SHOW | {"id": name, "stream": stream, "start": day(ago + 0.2), "end": day(ago)}
        for name, stream, ago in (("a", "demo", 3), ("b", "other", 2), ("c", "demo", 1))
    ]
    studio = Studio(tmp_path, sessions=shows)
    at = NOON - timedelta(days=2)
    drill = studio.store.drills.begin("drill-1", "encoder_crash", at, at + timedelta(minutes=2))
    studio.store.drills.keep(drill, {"seconds": 5.0, "wrong": [], "wrong_zh": []})
    studio.store.drills.begin("drill-2", "encoder_hang", at, at + timedelta(minutes=2))
    await studio.look()
    last, _, first = studio.store.reviews.past(3)
    assert [(row.session, row.numbers["drills"], row.numbers["drills_right"]) for row in (first, last)] == [
        ("a", 0, 0), ("c", 2, 1),
    ]  # fmt: skip
    told = json.loads((studio.reviews / f"{last.stem}.json").read_text(encoding="utf-8"))["review"]["comparison"]
    assert [each["session"] for each in told["sessions"]] == ["a", "c"]
    assert {"figure": "interrupted_seconds", "values": [0, 0], "usual": 0, "direction": "same"} in told["figures"]
    studio.store.close()
