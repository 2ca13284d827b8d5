"""What is older than a team keeps it goes whole, and nothing else: not what is open, not the audit log."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from servers.duty_file import write_duty_file
from servers.postgresql import PostgreSQL
from servers.story import Story, alert
from streamwatch.config import load
from streamwatch.errors import ConfigError
from streamwatch.evidence_folder import EvidenceFolder
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.incidents.waves import Begin, Goes, Heard, Key, Over, Spike
from streamwatch.language import Text
from streamwatch.store import tables
from streamwatch.store.acks import Ack
from streamwatch.store.audit import Act, Deed, Wanted
from streamwatch.store.complaints import STATES
from streamwatch.store.reports import EvidenceFile
from streamwatch.watching.tidying import EVERY, Tidying

DAYS = timedelta(days=60)
BELONGS = (tables.incident, tables.page, tables.attempt, tables.timeline, tables.episode, tables.evidence_file)
LAW = """\
jurisdiction: {zh: 某地, en: somewhere}
checked: 2026-11-22
caution: {zh: 注意, en: careful}
rules:
  - {id: short, name: {zh: 短, en: short}, binds: operator, says: {zh: 短, en: short}, keep_days: 60,
     source: {zh: 原文, en: the text}, read: primary}
  - {id: long, name: {zh: 长, en: long}, binds: operator, says: {zh: 长, en: long}, keep_days: 1096,
     source: {zh: 原文, en: the text}, read: primary}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with closing(PostgreSQL()) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def story(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Story]:
    url = request.getfixturevalue("server").url() if request.param == "postgresql" else None
    story = Story(tmp_path, database=url)
    yield story
    await story.close()


def tidying(story: Story, kept: timedelta | None = DAYS) -> Tidying:
    return Tidying(story.store, story.clock, lambda: kept, lambda: EvidenceFolder(story.folder / "evidence", 1000))


def counted(story: Story) -> list[int]:
    with story.store.database.reading() as connection:
        return [int(connection.scalar(select(func.count()).select_from(table)) or 0) for table in BELONGS]


async def one(story: Story, stream: str, *, over: bool = True) -> int:
    """An incident with pages, a timeline and a file of evidence; its number."""
    await story.push(alert(stream=stream))
    (number,) = [each.incident.id for each in story.incidents() if each.incident.stream == stream]
    path = story.folder / "evidence" / stream / "a.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a picture")
    file = EvidenceFile("a.png", f"{stream}/a.png", 9, "0" * 64, "", story.clock(), "bob")
    story.store.reports.keep(number, file, tell(Kind.EVIDENCE_KEPT, person="bob", what="a.png", digest="0"))
    if over:
        await story.push(alert(stream=stream, status="resolved"))
    return number


async def test_an_old_incident_goes_with_all_that_belongs_to_it(story: Story) -> None:
    """Pages, tries, rows, alerts, its file; a young one and one that is open stay; so does the audit log."""
    deed = Deed(story.clock(), Act.ACK, "token", incident_id=await one(story, "old"))
    story.store.audit.add([deed])
    await one(story, "open", over=False)
    story.clock.advance(DAYS.total_seconds() - 86_400)
    await one(story, "young")
    story.clock.advance(86_401)
    mine = tidying(story)
    await mine.step()
    assert [record.incident.stream for record in story.incidents()] == ["open", "young"]
    assert sorted(path.name for path in (story.folder / "evidence").iterdir()) == ["open", "young"]
    with story.store.database.reading() as connection:
        kept = [record.incident.id for record in story.incidents()]
        pages = list(connection.scalars(select(tables.attempt.c.page_id)))
        assert set(connection.scalars(select(tables.page.c.id))) >= set(pages)
        for table in BELONGS[1:2] + BELONGS[3:]:
            assert set(connection.scalars(select(table.c.incident_id))) == set(kept)
    assert [row.act for row in story.store.audit.read(Wanted())] == ["ack"]


async def test_nothing_goes_where_nobody_said_so(story: Story) -> None:
    """Ten years later all is there."""
    await one(story, "old")
    before = counted(story)
    story.clock.advance(timedelta(days=3650).total_seconds())
    await tidying(story, None).step()
    assert counted(story) == before
    assert (story.folder / "evidence" / "old").exists()


async def test_what_was_merged_goes_too_and_test_pages(story: Story) -> None:
    """However many are part of one another; a few at each step until none is left."""
    for number in range(25):
        await one(story, f"room-{number}")
    story.store.outbox.test("alice", Text("测试", "a test"), story.clock())
    await story.turn()
    with story.store.database.writing() as connection:
        first = connection.scalar(select(func.min(tables.incident.c.id)))
        others = tables.incident.update().where(tables.incident.c.id != first)
        connection.execute(others.values(state="merged", merged_into=first))
    await story.wait(3600, step=60)  # nobody is sent more than a dozen messages in ten minutes
    story.clock.advance((DAYS + EVERY).total_seconds())
    mine = tidying(story)
    for _ in range(4):
        await mine.step()
        story.clock.advance(EVERY.total_seconds())
    assert counted(story) == [0] * len(BELONGS)
    assert list((story.folder / "evidence").iterdir()) == []


async def test_old_complaints_go_and_those_that_go_on_stay(story: Story) -> None:
    """One that belongs to an incident goes after it; on both databases one person has it, and answers once."""
    queue, at, number = story.store.complaints, story.clock(), await one(story, "old")
    heard, spike = Heard(9, 30), Spike(number, False, True)
    begun = [Begin(Key("old", "lag"), heard, spike), Begin(Key("live", "lag"), heard, None)]
    queue.go_on([*begun, *begun], at)  # two receivers on one database hear the same
    old, live = (each.id for each in queue.live())
    assert [queue.take(old, by, at) for by in ("bob", "alice")] == [Ack.DONE, Ack.ALREADY]
    assert [queue.answer(old, "alice", "told", at) for _ in range(2)] == [Ack.DONE, Ack.OVER]
    queue.go_on([Over(old), Goes(live, Heard(12, 40), None)], at)
    (row,) = queue.read(("answered",))
    assert (row.taken_by, row.answered_by, row.note, row.users, row.incident_id) == (
        "bob",
        "alice",
        "told",
        9,
        number,
    )
    story.clock.advance((DAYS + EVERY).total_seconds())
    await tidying(story).step()
    assert [(each.stream, each.users) for each in queue.read(STATES)] == [("live", 12)]


async def test_the_same_alert_after_that_is_a_new_incident(story: Story) -> None:
    """Nothing that was forgotten stands in its way."""
    await one(story, "old")
    story.clock.advance((DAYS + EVERY).total_seconds())
    await tidying(story).step()
    await story.push(alert(stream="old", started=story.clock()))
    assert [record.incident.state for record in story.incidents()] == ["open"]


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ("60", "too short: long asks for 1096 days at least"),
        ("7", "greater than or equal to 31"),
        ("never", "integer"),
    ],
)
def test_less_than_the_law_asks_is_refused(tmp_path: Path, days: str, says: str) -> None:
    """With the line, the law that asks for more, and the cure."""
    (tmp_path / "law.yml").write_text(LAW, encoding="utf-8")
    path = write_duty_file(tmp_path, f"law_files: [law.yml]\nretention: {days}\n")
    with pytest.raises(ConfigError) as refused:
        load(path)
    (mistake,) = refused.value.mistakes
    assert (mistake.line, mistake.key) == (13, "retention")
    assert says in mistake.text


def test_as_long_as_the_law_asks_is_taken(tmp_path: Path) -> None:
    """And without `retention` everything is kept."""
    (tmp_path / "law.yml").write_text(LAW, encoding="utf-8")
    assert load(write_duty_file(tmp_path, "law_files: [law.yml]\nretention: 1096\n")).file.kept == timedelta(
        days=1096
    )
    assert load(write_duty_file(tmp_path, "law_files: [law.yml]\n")).file.kept is None
