"""What is said about duty on the fly is kept; and who sleeps is not called at night for what can wait."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from servers.receiver import write_config
from servers.story import NOON, Hands, Story, alert, book, person
from streamwatch.app import Receiver
from streamwatch.duty import Actual, Override, Quiet
from streamwatch.store import Store, schema
from streamwatch.store.acks import Ack
from streamwatch.store.duty import Said

HOUR = timedelta(hours=1)
BOB = Override("tech", "bob", NOON, NOON + HOUR, None, "", "alice")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/duty.db")
    store.open(NOON)
    yield store
    store.close()


def test_overrides_come_back_in_the_order_in_which_they_were_said(store: Store) -> None:
    """With who said it; those that are over, or were withdrawn, do not."""
    over = replace(BOB, start=NOON - 2 * HOUR, end=NOON - HOUR)
    ids = store.duty.override([over, BOB, replace(BOB, person="charlie", stream="demo")], NOON)
    said = store.duty.said(NOON - HOUR).overrides
    assert [(each.id, each.person, each.stream, each.by) for each in said] == [
        (ids[1], "bob", None, "alice"),
        (ids[2], "charlie", "demo", "alice"),
    ]
    assert said[0] == replace(BOB, id=ids[1])
    assert store.duty.withdraw(ids[1], "bob", NOON)
    assert not store.duty.withdraw(ids[1], "bob", NOON)
    assert [each.id for each in store.duty.said(NOON).overrides] == [ids[2]]


def test_the_last_word_about_a_session_counts(store: Store) -> None:
    """Started, ended, and started again."""
    store.duty.session_time("A", Actual(NOON), "alice", NOON)
    store.duty.session_time("A", Actual(NOON, NOON + HOUR), None, NOON)
    store.duty.session_time("B", Actual(NOON), None, NOON)
    assert store.duty.said(NOON).actual == {"A": Actual(NOON, NOON + HOUR), "B": Actual(NOON)}


def test_overrides_are_kept_all_or_none(store: Store) -> None:
    """The second cannot be stored: the first is not either."""
    with pytest.raises(Exception, match="zone"):
        store.duty.override([BOB, replace(BOB, start=NOON.replace(tzinfo=None))], NOON)
    assert store.duty.said(NOON).overrides == ()


def test_a_database_of_an_older_version_gets_the_tables(tmp_path: Path) -> None:
    """As it was before duty was kept in it: nothing else is touched."""
    store = Store(f"sqlite:///{tmp_path}/old.db")
    store.open(NOON)
    with store.database.engine.begin() as connection:
        for statement in ("DROP TABLE duty_override", "DROP TABLE session_time"):
            connection.execute(text(statement))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    store.close()
    again = Store(f"sqlite:///{tmp_path}/old.db")
    again.open(NOON)
    assert {"duty_override", "session_time"} <= set(inspect(again.database.engine).get_table_names())
    assert again.duty.override([BOB], NOON) == [1]
    again.close()


def test_the_migrations_are_one_line() -> None:
    """Two heads, and no receiver starts; another head than the newest, and a database is taken for brought up."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.NEWEST]


async def test_an_incident_changes_hands_and_the_first_ack_stays_on_record(tmp_path: Path) -> None:
    """Alice took it at noon, Bob has it from one o'clock: it was taken at noon."""
    story = Story(tmp_path)
    await story.push(alert())
    story.store.acks.acknowledge(1, "alice", story.clock())
    story.clock.advance(3600)
    assert story.store.duty.take_over(1, "bob", story.clock()) is Ack.DONE
    assert story.store.duty.take_over(1, "bob", story.clock()) is Ack.ALREADY
    (record,) = story.incidents()
    assert (record.incident.acknowledged_by, record.incident.acknowledged_at) == ("bob", NOON)
    assert story.kinds(record)[-1] == "taken_over"
    assert record.timeline[-1].text_zh == "bob 从 alice 接手"
    await story.close()


async def test_taking_over_what_nobody_has_is_taking_it(tmp_path: Path) -> None:
    """And what is over cannot be taken, nor what never was."""
    story = Story(tmp_path)
    await story.push(alert())
    assert story.store.duty.take_over(1, "bob", story.clock()) is Ack.DONE
    (record,) = story.incidents()
    assert (record.incident.state, record.incident.acknowledged_at) == ("acknowledged", NOON)
    await story.push(alert(status="resolved"))
    assert story.store.duty.take_over(1, "alice", story.clock()) is Ack.OVER
    assert story.store.duty.take_over(99, "alice", story.clock()) is Ack.MISSING
    await story.close()


@pytest.mark.parametrize(("severity", "rung"), [("P0", "alice"), ("P2", "bob")])
async def test_quiet_hours_hold_for_all_but_a_p0(tmp_path: Path, severity: str, rung: str) -> None:
    """Alice sleeps at this hour: a P2 rings Bob's phone, and the timeline says why; a P0 rings hers."""
    asleep = replace(person("alice"), quiet=(Quiet(time(11), time(13)),))
    story = Story(tmp_path, book((asleep, person("bob"), person("charlie"))))
    await story.push(alert(severity=severity))
    assert story.phone.heard() == [(rung, "firing")]
    rows = [row.text_en for row in story.incidents()[0].timeline]
    assert ("alice is not called: in quiet hours" in rows) is (severity == "P2")
    await story.close()


async def test_of_two_looks_the_one_that_began_last_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver was looking, and slowly, when Bob took over: what it saw is older than what he said."""
    receiver = Receiver(write_config(tmp_path, 8780, "http://127.0.0.1:9"), Hands())
    looks, looking, slow = iter([Said(), Said((BOB,))]), Event(), Event()

    def said(_since: object) -> Said:
        found = next(looks)
        if not found.overrides:
            looking.set()
            slow.wait(0.3)
        return found

    monkeypatch.setattr(receiver.store.duty, "said", said)
    earlier, later = Thread(target=receiver.duty_changed), Thread(target=receiver.duty_changed)
    earlier.start()
    looking.wait(5)
    later.start()
    for thread in (earlier, later):
        thread.join()
    await receiver.http.aclose()

    assert receiver.force.ways.book.overrides == receiver.config.book.overrides == (BOB,)
